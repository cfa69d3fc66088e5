"""RSA keys for tests. Making one takes a tenth of a second to half of one; a third of what some tests took."""

import itertools
from collections.abc import Iterator
from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa

MOST = 32  # no test has more of them at once


def _made(bits: int) -> Iterator[rsa.RSAPrivateKeyWithSerialization]:
    while True:
        yield rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def _pool(bits: int) -> Iterator[rsa.RSAPrivateKeyWithSerialization]:
    return itertools.cycle(itertools.islice(_made(bits), MOST))


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKeyWithSerialization:
    """Another one than at the last 31 calls."""
    return next(_pool(bits))
