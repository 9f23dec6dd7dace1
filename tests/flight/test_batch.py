import jax
import jax.numpy as jnp
import numpy as np
import pytest

from noroshi.flight import batch
from noroshi.flight.batch import in_chunks, in_jobs


def lanes(count: int) -> dict[str, np.ndarray]:
    """A batch with and without leading axes, of whole numbers too."""
    chance = np.random.default_rng(count)
    return {
        "state": chance.normal(size=(2, 3, count)),
        "weight": chance.uniform(1, 2, count),
        "steps": chance.integers(1, 9, count).astype(np.int32),
    }


def turned(given: dict[str, jax.Array]) -> tuple[jax.Array, jax.Array]:
    """Something a lane does for itself, with a loop that runs as long as the longest needs."""

    def body(carry):
        step, state = carry
        return step + 1, jnp.where(step < given["steps"], jnp.sin(state) * given["weight"], state)

    _, state = jax.lax.while_loop(lambda carry: carry[0] < jnp.max(given["steps"]), body, (0, given["state"]))
    return state, given["steps"] * 2


def same(ours, theirs) -> bool:
    pairs = zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True)
    return all(np.array_equal(one, other) for one, other in pairs)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 63, 64, 65, 200])
def test_lanes_in_chunks_are_the_lanes_at_once(count):
    whole = jax.jit(turned)(lanes(count)) if count else (np.zeros((2, 3, 0)), np.zeros(0, np.int32))
    cut = jax.jit(lambda given: in_chunks(turned, given, chunk=64))(lanes(count))
    assert cut[0].shape == (2, 3, count)
    assert cut[1].dtype == np.int32
    assert np.allclose(cut[0], whole[0], rtol=1e-15, atol=0)
    assert np.array_equal(cut[1], whole[1])


@pytest.mark.parametrize("count", [0, 1, 9, 300, 1000])
def test_the_number_of_threads_changes_no_byte(count, monkeypatch):
    monkeypatch.setattr(batch, "JOB", 128)
    seen = set()

    def function(given):
        seen.add(given["weight"].shape[-1])
        return compiled(given)

    compiled = jax.jit(lambda given: in_chunks(turned, given))
    one, two = (in_jobs(function, lanes(count), threads) for threads in (1, 2))
    assert same(one, two)
    assert one[0].shape == (2, 3, count)
    # One size, whatever the number of lanes.
    assert seen == {128}


def test_a_lane_does_not_know_its_place_in_the_batch(monkeypatch):
    monkeypatch.setattr(batch, "JOB", 128)
    compiled = jax.jit(lambda given: in_chunks(turned, given))
    order = np.random.default_rng(1).permutation(500)
    straight = in_jobs(compiled, lanes(500))
    mixed = in_jobs(compiled, jax.tree.map(lambda leaf: leaf[..., order], lanes(500)))
    assert same(jax.tree.map(lambda leaf: leaf[..., order], straight), mixed)


@pytest.mark.parametrize("backend, sizes", [("cpu", {batch.CHUNK}), ("gpu", {1000})])
def test_the_backend_picks_the_chunk(backend, sizes, monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    seen = set()

    def function(given):
        seen.add(given.shape[-1])
        return 2 * given

    done = jax.jit(lambda given: in_chunks(function, given))(np.arange(1000.0))
    assert seen == sizes
    assert np.array_equal(done, 2 * np.arange(1000.0))


def test_what_goes_wrong_in_a_thread_is_heard():
    def falls_over(given):
        raise ValueError("no such lane")

    with pytest.raises(ValueError, match="no such lane"):
        in_jobs(falls_over, np.zeros(3 * batch.JOB), threads=2)
