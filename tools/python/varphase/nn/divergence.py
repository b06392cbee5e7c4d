# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""KL of weights N(mean, variance) to priors, in nats a weight, computed in float64. Source: docs/math.md, "KL to the prior"."""

import math

import torch
from torch.nn import functional as F

K1, K2, K3 = 0.63576, 1.87320, 1.48695
AT_INFINITY = 0.6351814227307391  # (Euler's gamma + log 2) / 2
_LEAST_STUDENT_VARIANCE = 1e-30


def log_uniform(log_alpha):
    """The sigmoid approximation of the KL to the log-uniform prior (paper, eq. 10), 0 at alpha = infinity."""
    return torch.sigmoid(log_alpha * -K3 - K2) * K1 + F.softplus(-log_alpha, 1, 60) * 0.5


def _series(u):
    """Dawson's series where u = 1 / (2 alpha) < 50: value and slope in log alpha; all terms are positive."""
    power, value, slope, harmonic = torch.ones_like(u), torch.zeros_like(u), torch.ones_like(u), 0.0
    largest = float(u.max()) if u.numel() else 0.0
    for k in range(1, 400):
        power = power * (u / k)
        harmonic += 1 / (2 * k - 1)
        value = value + power * harmonic
        slope = slope + power / (2 * k + 1)
        if k > largest and bool((power * harmonic <= 1e-17 * value).all()):
            break
    scale = torch.exp(-u)
    return scale * value, -u * scale * slope


def _asymptotic(u, log_alpha):
    """The same for small alpha: 20 terms."""
    alpha = 0.5 / u
    power, value, slope = torch.ones_like(u), torch.zeros_like(u), torch.ones_like(u)
    for m in range(1, 21):
        power = power * ((2 * m - 1) * alpha)
        value = value + power / (2 * m)
        slope = slope + power
    return -0.5 * log_alpha + AT_INFINITY - value, -0.5 * slope


def _exact(log_alpha):
    """D(alpha) and its derivative in log alpha, float64."""
    la = log_alpha.double()
    u = 0.5 * torch.exp(-la)
    near = u < 50
    # Each form is taken of numbers that it is made for, and chosen from.
    value, slope = _series(torch.where(near, u, 1.0))
    far_value, far_slope = _asymptotic(torch.where(near, 50.0, u), la)
    return torch.where(near, value, far_value), torch.where(near, slope, far_slope)


@torch.library.custom_op("varphase::log_uniform_exact", mutates_args=())
def _log_uniform_exact(log_alpha: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    value, slope = _exact(log_alpha)
    return value.to(log_alpha.dtype), slope.to(log_alpha.dtype)


@_log_uniform_exact.register_fake
def _(log_alpha):
    return torch.empty_like(log_alpha), torch.empty_like(log_alpha)


def _keep_slope(ctx, inputs, output):
    ctx.save_for_backward(output[1])


def _by_slope(ctx, gradient, _):
    return gradient * ctx.saved_tensors[0]


_log_uniform_exact.register_autograd(_by_slope, setup_context=_keep_slope)


def log_uniform_exact(log_alpha):
    """The exact KL to the log-uniform prior (Hron et al., 2017), differentiable."""
    return _log_uniform_exact(log_alpha)[0]


def log_uniform_sampled(log_alpha, eps):
    """One sample of it (paper, eq. 9), with the exact form's gradient. @param eps  standard normal, as log_alpha"""
    exact = log_uniform_exact(log_alpha)
    la = log_alpha.detach()
    factor = ((la * 0.5).exp() * eps.to(la.dtype) + 1).abs()
    value = factor.clamp_min(1e-8).log() - la * 0.5 + AT_INFINITY
    return exact + (value - exact.detach())


def student_t_offset(nu):
    """K(nu), what depends on the degrees of freedom alone."""
    return -0.5 * math.log(2 * math.e) - math.lgamma((nu + 1) / 2) + math.lgamma(nu / 2) - nu / 2 * math.log(nu)


def _student_limit(mean, v, nu, offset):
    """Where nu is tiny beside the variance: the log-uniform divergence and its first correction."""
    square = mean * mean
    nonzero = square > 0
    log_alpha = torch.where(nonzero, v.log() - torch.where(nonzero, square, 1.0).log(), 700.0)
    value, slope = _exact(log_alpha)
    correction = math.pi * math.sqrt(nu) * torch.exp(-0.5 * square / v) / torch.sqrt(2 * math.pi * v)
    pull = torch.where(log_alpha > 600, mean / v, -2 * slope / torch.where(mean == 0, 1.0, mean))
    return (value - AT_INFINITY + offset + correction, pull - correction * mean / v,
            (slope + correction * (0.5 * square / v - 0.5)) / v)  # fmt: skip


def _student_sum(mean, v, nu, offset):
    """By a sum over t = e^s that is smooth in all arguments; relative error 1e-9."""
    square, step = mean * mean, 0.125
    widest = max(nu, float((square + v).max()) if v.numel() else 0.0, 1.0)
    log_term, by_mean, by_variance = torch.zeros_like(v), torch.zeros_like(v), torch.zeros_like(v)
    s = -45 - math.log(min(widest, 1e300))
    while s < 200:
        t = math.exp(s)
        d = 1 + 2 * t * v
        g = torch.exp(-nu * t - t * square / d) / torch.sqrt(d)
        log_term = log_term + (math.exp(-t) - g)
        by_mean = by_mean + g * 2 * t * mean / d
        by_variance = by_variance + g * (t / d - 2 * t * t * square / (d * d))
        if s > 4 and bool((g < 1e-19).all()):
            break
        s += step
    factor = (nu + 1) / 2 * step
    return offset - 0.5 * v.log() + factor * log_term, factor * by_mean, factor * by_variance - 0.5 / v


@torch.library.custom_op("varphase::student_t", mutates_args=())
def _student_t(mean: torch.Tensor, variance: torch.Tensor, nu: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    m, offset = mean.double(), student_t_offset(nu)
    floored = ~(variance > _LEAST_STUDENT_VARIANCE)
    v = torch.where(floored, _LEAST_STUDENT_VARIANCE, variance.double())
    limit = (nu <= 1e-8) & (math.sqrt(nu) < 1e-4 * v.sqrt())
    results = [torch.empty_like(v) for _ in range(3)]
    for chosen, form in ((limit, _student_limit), (~limit, _student_sum)):
        if bool(chosen.any()):
            for result, part in zip(results, form(m[chosen], v[chosen], nu, offset), strict=True):
                result[chosen] = part
    results[2] = torch.where(floored, 0.0, results[2])
    return results[0].to(mean.dtype), results[1].to(mean.dtype), results[2].to(mean.dtype)


@_student_t.register_fake
def _(mean, variance, nu):
    return torch.empty_like(mean), torch.empty_like(mean), torch.empty_like(mean)


def _keep_slopes(ctx, inputs, output):
    ctx.save_for_backward(output[1], output[2])


def _by_slopes(ctx, gradient, _mean, _variance):
    d_mean, d_variance = ctx.saved_tensors
    return gradient * d_mean, gradient * d_variance, None


_student_t.register_autograd(_by_slopes, setup_context=_keep_slopes)


def student_t(mean, variance, nu):
    """KL to a Student-t prior of scale 1, differentiable in mean and variance.

    Args:
        mean, variance: of one shape
        nu: degrees of freedom, > 0
    """
    return _student_t(mean, variance.expand_as(mean), nu)[0]
