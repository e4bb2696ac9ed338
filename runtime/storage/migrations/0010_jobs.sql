-- What the periodic jobs may do. They log in as convo_dispatch, which owns nothing: partitions are made in the owner's name.

create function partitions_job_v1(p_ahead_days int, p_keep_seen_days int, p_now timestamptz) returns int
language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  return partitions_v1(p_ahead_days, p_keep_seen_days, p_now);
end $$;

grant execute on function partitions_job_v1(int, int, timestamptz) to convo_dispatch;
