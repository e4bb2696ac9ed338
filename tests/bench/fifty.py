"""What a turn with a model is compared with: Starlette, litellm, one insert per message, in some fifty honest lines.

`python -m tests.bench.fifty --fd N`. It screens, checks, encrypts and audits nothing, and what it is
doing when it is killed is lost.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx2
import litellm
import uvicorn
import uvloop
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CREATE = "create table if not exists said (id text primary key, phone text, ours bool, text text, at timestamptz default now())"
INSERT = "insert into said (id, phone, ours, text) values (%s, %s, %s, %s) on conflict do nothing"
HISTORY = "select ours, text from said where phone = %s order by at desc limit 6"
PROMPT = """You are Dave, the assistant of Dynamo Dave EXAMPLE Ltd, a firm that helps people in the
United Kingdom with claims about car finance. You are plain, warm and short. You never guess.
Rules: 1. State only the facts below, in their own words. 2. Never promise an outcome, name an amount or hurry anybody. \
3. If no fact answers, say that a colleague will, and stop.
Facts:
You do not need a claims firm. You can complain to your lender yourself, free of charge, and then go to the ombudsman, also free.
If we win, our fee is a share of what you get back; it is written in the agreement before you sign, and nothing is due before.
You can leave within fourteen days of signing without paying anything, by a message, a letter or a call.
A claim can be about an agreement on which a broker or dealer was paid a commission that you were not told of.
We keep what you send us for as long as the claim runs and the law asks, and show it to nobody but your lender and
the ombudsman."""


async def hook(request: Request) -> Response:
    """One webhook: store, ask, store, send."""
    message = (await request.json())["entry"][0]["changes"][0]["value"]["messages"][0]
    phone, text = message["from"], message["text"]["body"]
    async with request.app.state.pool.connection() as connection:
        await connection.execute(INSERT, [message["id"], phone, False, text])
        history = await (await connection.execute(HISTORY, [phone])).fetchall()
    turns = [{"role": "assistant" if ours else "user", "content": said} for ours, said in reversed(history)]
    reply = await litellm.acompletion(
        model="openai/gpt-5.6-luna",
        messages=[{"role": "system", "content": PROMPT}, *turns],
        api_base=os.environ["BENCH_MODELS"],
        api_key="key",
        max_tokens=400,
        timeout=5,
    )
    answer, key = reply.choices[0].message.content, uuid4().hex
    async with request.app.state.pool.connection() as connection:
        await connection.execute(INSERT, [key, phone, True, answer])
    body = {"to": phone, "type": "text", "text": {"body": answer}, "biz_opaque_callback_data": key}
    (await request.app.state.http.post(os.environ["BENCH_PROVIDER"], json=body)).raise_for_status()
    return JSONResponse({})


@asynccontextmanager
async def lifespan(site: Starlette) -> AsyncIterator[None]:
    """Opens the pool, the table and the client."""
    async with (
        AsyncConnectionPool(os.environ["BENCH_DATABASE"], min_size=4, max_size=8, open=False) as pool,
        httpx2.AsyncClient(trust_env=False) as http,
    ):
        async with pool.connection() as connection:
            await connection.execute(CREATE)
        site.state.pool, site.state.http = pool, http
        yield


if __name__ == "__main__":
    fd = int(sys.argv[sys.argv.index("--fd") + 1])
    made = Starlette(routes=[Route("/hooks/{connection}", hook, methods=["POST"])], lifespan=lifespan)
    config = uvicorn.Config(made, lifespan="on", log_config=None, access_log=False)
    uvloop.run(uvicorn.Server(config).serve(sockets=[socket.socket(fileno=fd)]))
