# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""The program's random numbers in PyTorch: Philox4x32-10 and its normal numbers, to the bit, on a CPU or a GPU.

A number is a function of what it is for: seed, stream, layer, split, image, member of an ensemble, and unit (docs/math.md,
"Noise"). So a network gives the same predictions here and in the program.
"""

import dataclasses

import torch

from varphase._extension import engine

STREAMS = {"test": 0, "training": 1, "evaluation": 2, "attack": 3, "attack_judge": 4, "initial_value": 7, "dropout": 8,
           "kl_sample": 13}  # fmt: skip
SPLITS = {"train": 0, "validation": 1, "test": 2}
_WORD = 0xFFFFFFFF


@dataclasses.dataclass(frozen=True)
class Key:
    """What is the same for all numbers of a tensor.

    Attributes:
        seed: 0 to 2^64 - 1
        stream: what the numbers are for, a name of STREAMS
        layer: position of the layer in its network
        sub: the split of the images, as SPLITS has it
    """

    seed: int = 0
    stream: str = "evaluation"
    layer: int = 0
    sub: int = SPLITS["test"]

    def __post_init__(self):
        if not 0 <= self.seed < 2**64:
            raise ValueError(f"seed {self.seed}: wants a whole number from 0")
        if self.stream not in STREAMS:
            raise ValueError(f"stream '{self.stream}': wants one of {', '.join(STREAMS)}")

    def words(self):
        """The last word of the counter and both of the key."""
        return (STREAMS[self.stream] << 24) | (self.layer << 8) | self.sub, self.seed & _WORD, (self.seed >> 32) & _WORD


@dataclasses.dataclass
class Draw:
    """Which numbers the layers of a network draw in a forward pass: those of `key`, each layer with its own number.

    Attributes:
        key: of which `layer` is left open
        example: int64 [N], the number of the image in each row
        member: int64 [N] or [1], the member of the ensemble in each row; of a training the epoch
    """

    key: Key
    example: torch.Tensor
    member: torch.Tensor


def philox(quad, example, member, c3, k0, k1):
    """Ten rounds of Philox4x32 (Salmon et al., SC 2011), in int64 that hold 32-bit words. @return the four words."""
    c0, c1, c2, c3 = quad, example, member, torch.full_like(quad, c3)
    for _ in range(10):
        # The products wrap at 2^64, of which int64 keeps every bit.
        a, b = c0 * 0xD2511F53, c2 * 0xCD9E8D57
        c0, c1, c2, c3 = ((b >> 32) & _WORD) ^ c1 ^ k0, b & _WORD, ((a >> 32) & _WORD) ^ c3 ^ k1, a & _WORD
        k0, k1 = (k0 + 0x9E3779B9) & _WORD, (k1 + 0xBB67AE85) & _WORD
    return c0, c1, c2, c3


def _fma(a, b, c):
    """a b + c of float32, rounded once: exact product, sum in float64 rounded to odd (Boldo & Melquiond, 2008)."""
    product = a.double() * (b.double() if torch.is_tensor(b) else b)
    c = c.double() if torch.is_tensor(c) else torch.full_like(product, c)
    total = product + c
    part = total - product
    error = (product - (total - part)) + (c - part)
    bits = total.view(torch.int64)
    step = torch.where((error > 0) == (total > 0), 1, -1)
    odd = torch.where((error != 0) & ((bits & 1) == 0), bits + step, bits)
    return odd.view(torch.float64).float()


def _float(bits):
    """The float32 of 32-bit words in int64."""
    return bits.to(torch.int32).view(torch.float32)


def _polynomial(coefficients, x):
    p = torch.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        p = _fma(p, x, coefficient)
    return p


def _hex(*texts):
    return [float.fromhex(text) for text in texts]


_LOG = _hex("-0x1.43b246p-4", "0x1.02814ep-3", "-0x1.0a33eap-3", "0x1.231ce6p-3", "-0x1.54d03ep-3", "0x1.999f14p-3",
            "-0x1.0000cep-2", "0x1.555554p-2")  # fmt: skip
_SINE = _hex("-0x1.2d9b40p-8", "0x1.465ec4p-4", "-0x1.4abbbap-1", "0x1.921fb6p+0")
_COSINE = _hex("0x1.db6492p-11", "-0x1.55cb98p-6", "0x1.03c1eap-2", "-0x1.3bd3ccp+0", "1")
_LN2_HIGH, _LN2_LOW = float.fromhex("0x1.62e3p-1"), float.fromhex("0x1.2fefa2p-17")  # bits 3f317180, 3717f7d1


def _signed(words):
    """Words as int32 would hold them."""
    return torch.where(words >= 1 << 31, words - (1 << 32), words)


def _normal_pair(x0, x1):
    """Two standard normal numbers of two words: src/noise/normal.hpp, operation by operation."""
    near_one = x0 >= 0xC0000000  # there u would lose its digits: 1 - u is exact
    apart = torch.where(near_one, x0 ^ _WORD, x0)
    u = _fma(apart.double().float(), 2.0**-32, 2.0**-33)
    ix = (u.view(torch.int32).to(torch.int64) + (0x3F800000 - 0x3F3504F3)) & _WORD
    k = torch.where(near_one, torch.zeros_like(u), ((ix >> 23) - 127).float())
    f = torch.where(near_one, -u, _float((ix & 0x7FFFFF) + 0x3F3504F3) - 1)
    p = _polynomial(_LOG, f)
    z = f * f
    q = _fma(f * z, p, k * _LN2_LOW)
    w = _fma(z, -0.5, f)
    # PyTorch's float32 root may be a bit off (MKL); one of float64, rounded, is not: roots keep off the middle of two floats.
    r = (_fma(k, _LN2_HIGH, w + q) * -2).double().sqrt().float()

    d = ((x1 + 0x20000000) & _WORD) >> 30
    t = _signed((x1 - (d << 30)) & _WORD).float() * 2.0**-30
    s = t * t
    sine, cosine = t * _polynomial(_SINE, s), _polynomial(_COSINE, s)
    # Quarter turns: (c, s), (-s, c), (-c, -s), (s, -c).
    swap = (d & 1) == 1
    a, b = torch.where(swap, sine, cosine), torch.where(swap, cosine, sine)
    return r * torch.where(((d + 1) & 2) == 2, -a, a), r * torch.where((d & 2) == 2, -b, b)


def _blocks(key_words, example, member, blocks):
    """The words of the first blocks of each row: four of [N, blocks]."""
    c3, k0, k1 = key_words
    rows = example.numel()
    shape = (rows, blocks)
    quad = torch.arange(blocks, device=example.device).expand(shape)
    return philox(quad, example.reshape(-1, 1).expand(shape), member.reshape(-1, 1).expand(rows, 1).expand(shape), c3, k0, k1)


@torch.library.custom_op("varphase::normals", mutates_args=())
def _normals(example: torch.Tensor, member: torch.Tensor, c3: int, k0: int, k1: int, blocks: int) -> torch.Tensor:
    if example.device.type == "cpu":  # the same bits from the program's own kernel, in a hundredth of the time
        return torch.from_numpy(engine().normals((c3, k0, k1), example.numpy(), member.numpy(), 4 * blocks))
    return in_torch(example, member, (c3, k0, k1), blocks)


def in_torch(example, member, key_words, blocks):
    """The normal numbers by PyTorch's own operations, which any device has. @return float32 [N, 4 blocks]"""
    x0, x1, x2, x3 = _blocks(key_words, example, member, blocks)
    return torch.stack([*_normal_pair(x0, x1), *_normal_pair(x2, x3)], 2).reshape(example.numel(), 4 * blocks)


@_normals.register_fake
def _(example, member, c3, k0, k1, blocks):
    return example.new_empty((example.shape[0], 4 * blocks), dtype=torch.float32)


@torch.library.custom_op("varphase::words", mutates_args=())
def _words(example: torch.Tensor, member: torch.Tensor, c3: int, k0: int, k1: int, blocks: int) -> torch.Tensor:
    return torch.stack(_blocks((c3, k0, k1), example, member, blocks), 2).reshape(example.numel(), 4 * blocks)


@_words.register_fake
def _(example, member, c3, k0, k1, blocks):
    return example.new_empty((example.shape[0], 4 * blocks))


def normals(key, example, member, units):
    """Standard normal numbers, those of the program by the same key.

    Args:
        key: a Key
        example: int64 [N], numbers of the images
        member: int64 [N] or [1]
        units: how many a row

    Returns:
        float32 [N, units]
    """
    return _normals(example, member, *key.words(), (units + 3) // 4)[:, :units]


def _of_units(table, shape):
    """Rows of blocks as outputs [N, C] or [N, C, H, W]: four channels of one position share a block."""
    rows, channels = shape[0], shape[1]
    table = table.reshape(rows, -1, (channels + 3) // 4 * 4)[:, :, :channels]
    return table.transpose(1, 2).reshape(shape)


def _blocks_of(shape):
    positions = 1
    for extent in shape[2:]:
        positions *= extent
    return positions * ((shape[1] + 3) // 4)


def output_normals(draw, layer, shape):
    """The normal numbers of a layer's outputs, float32 of their shape [N, C] or [N, C, H, W].

    Args:
        draw: a Draw
        layer: the layer's number
    """
    words = dataclasses.replace(draw.key, layer=layer).words()
    return _of_units(_normals(draw.example, draw.member, *words, _blocks_of(shape)), shape)


def output_words(draw, layer, shape):
    """The same of Philox's words, int64."""
    words = dataclasses.replace(draw.key, layer=layer).words()
    return _of_units(_words(draw.example, draw.member, *words, _blocks_of(shape)), shape)
