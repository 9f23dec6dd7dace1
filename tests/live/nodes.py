"""Bare nodes for tests of the federation: exchange and liaison of a home, without sensors or people."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from noroshi.catalogue.policies import Policy
from noroshi.live import command, nats, server
from noroshi.live.clock import WallClock
from noroshi.live.exchange import Exchange
from noroshi.live.home import load_home
from noroshi.live.inprocess import Network
from noroshi.live.liaison import Liaison
from noroshi.live.store import Store
from noroshi.sharing import guard
from noroshi.sharing.release import compile_table


def borders(home):
    """Borders of a home, as its own policy and its partners' (unknown here, so silent) have them."""
    text = home.policy_path.read_text(encoding="utf-8")
    table = compile_table({home.nation: Policy(home.nation, text)}, home.positions, exercise=home.exercise)
    return {
        partner: guard.Border(home.nation, partner, home.exercise, home.epoch_utc, table, home.positions)
        for partner in home.partners
    }


class Bare:
    """One running node: `taken` are the messages that its people would see."""

    def __init__(self, home, transport, store):
        self.taken, self.changes = [], []
        clock = WallClock(home.epoch_unix_s)
        self.exchange = Exchange(
            home.nation, borders(home), store, transport, home.signer, home.keyring, clock, self._take,
            receipt_after_s=0.1,
        )  # fmt: skip
        self.store = store
        self.liaison = Liaison(home, self.exchange, clock, self.changes.append)

    def _take(self, message, due_s, partner):
        if self.liaison.takes(message):
            self.liaison.take(message, partner)
        else:
            self.taken.append(message)


@asynccontextmanager
async def running(*homes, network=None):
    """Nodes of `homes` by nation, over real servers, or over an in-process `network`."""
    async with AsyncExitStack() as stack:
        nodes = {}
        for home in homes:
            home = load_home(home.folder if hasattr(home, "folder") else Path(home))
            if network is None:
                process = server.Server(home)
                stack.push_async_callback(process.stop)
                await process.start()
                transport = await stack.enter_async_context(nats.NatsTransport(home))
            else:
                transport = network.transport(home.nation)
            store = Store.open(home.journal_path, home.signer, nation=home.nation)
            stack.callback(store.close)
            node = nodes[home.nation] = Bare(home, transport, store)
            stack.callback(node.liaison.close)
            if network is None:
                commands = await command.serve(home, node.liaison)
                stack.push_async_callback(commands.close)
        tasks = [asyncio.create_task(node.exchange.run()) for node in nodes.values()]
        try:
            yield nodes
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def network():
    """A perfect in-process network."""
    return Network()
