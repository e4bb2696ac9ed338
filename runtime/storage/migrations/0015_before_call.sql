-- What is read just before the provider is called: whether the person has stopped us, or somebody has stopped everything, since.

-- The kill epoch; null when the person opted out after the row's last decision, which did not know of it: then the call must
-- not begin, and the row is looked at once more. The safety line and an agent's words are not kept back by that.
create function send_epoch_v1(p_tenant int, p_outbox uuid) returns bigint
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  v_epoch bigint;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  select k.epoch into v_epoch
    from kill_now_v1(p_tenant) k, outbox o
    join contact c on c.tenant_id = o.tenant_id and c.contact_id = o.contact_id
   where o.tenant_id = p_tenant and o.id = p_outbox
     and (o.author <> 'bot' or o.send_class = 'safety' or c.opted_out_at is null
          or (select d.facts -> 'facts' ? 'opted_out' from outbox_decision d
               where d.tenant_id = o.tenant_id and d.outbox_id = o.id order by d.at desc, d.id desc limit 1));
  return v_epoch;
end $$;

grant execute on function send_epoch_v1(int, uuid) to convo_tenant;
