# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Variance layers and dropout as PyTorch modules. Source: docs/math.md, "Variance layers" and "Sampled forward"."""

import dataclasses
import math

import torch
from torch import nn
from torch.nn import functional as F

from varphase import noise
from varphase.nn import divergence

LARGEST_LOG_ALPHA = 20.0
LOG_SIGMA2_RANGE = (-60.0, 20.0)
MODES = ("sampled", "mean", "zero_mean")
PARAMETERIZATIONS = ("layer", "neuron", "weight", "additive", "zero_centred")
PRIORS = ("log_uniform", "log_uniform_exact", "log_uniform_sampled", "student_t")


class RandomModule(nn.Module):
    """A module that draws: what all of them have.

    Attributes:
        mode: "sampled"; "mean": weights and factors at their expectation, no noise; "zero_mean": sampled, with the means
            of variance layers at zero. train() and eval() do not change it.
        draw: a noise.Draw, whose numbers are drawn; None: PyTorch's generator
        number: the layer's number in its network, part of the noise's key
    """

    def __init__(self):
        super().__init__()
        self.mode = "sampled"
        self.draw = None
        self.number = 0


class VarianceLayer(RandomModule):
    """A layer whose weights are N(mean, variance), sampled by local reparameterization (paper, eqs. 8, 13, 21 to 24).

    Parameters are `mean` of the weight's shape (not of zero_centred), `log_alpha` (layer [1], neuron [out, 1, ...], weight:
    as the weight) or `log_sigma2` (additive, zero_centred), and `bias` [out]. A buffer `mask` (bool, or None) says which
    weights are kept: a dropped one has no variance and keeps its mean.
    """

    def __init__(self, shape, parameterization, prior, log_alpha, log_sigma2, nu, bias, factory):
        super().__init__()
        if parameterization not in PARAMETERIZATIONS:
            raise ValueError(f"parameterization '{parameterization}': wants one of {', '.join(PARAMETERIZATIONS)}")
        if prior not in PRIORS:
            raise ValueError(f"prior '{prior}': wants one of {', '.join(PRIORS)}")
        if prior == "log_uniform_sampled" and parameterization == "zero_centred":
            raise ValueError("prior 'log_uniform_sampled' does not go with zero_centred, whose KL is a constant")
        self.parameterization, self.prior, self.nu = parameterization, prior, nu
        self.initial_log_alpha, self.initial_log_sigma2 = log_alpha, log_sigma2
        self.weight_shape = torch.Size(shape)
        self.has_mean = parameterization != "zero_centred"
        if self.has_mean:
            self.mean = nn.Parameter(torch.empty(self.weight_shape, **factory))
        theta = {"layer": (1,), "neuron": (shape[0],) + (1,) * (len(shape) - 1)}.get(parameterization, self.weight_shape)
        setattr(self, self.theta_name, nn.Parameter(torch.empty(theta, **factory)))
        self.register_parameter("bias", nn.Parameter(torch.empty(shape[0], **factory)) if bias else None)
        self.register_buffer("mask", None)
        self.reset_parameters()

    @property
    def theta_name(self):
        """Of the parameter that variances are computed from."""
        return "log_alpha" if self.parameterization in ("layer", "neuron", "weight") else "log_sigma2"

    @property
    def theta(self):
        """That parameter."""
        return getattr(self, self.theta_name)

    def _bias_bound(self):
        return 0.0

    @torch.no_grad()
    def reset_parameters(self):
        """The initial values of docs/math.md, by PyTorch's generator."""
        bound = 1 / math.sqrt(self.weight_shape[1:].numel())
        if self.has_mean:
            self.mean.uniform_(-bound, bound)
        if self.theta_name == "log_alpha":
            self.log_alpha.fill_(self.initial_log_alpha)
        elif self.initial_log_sigma2 is not None:
            self.log_sigma2.fill_(self.initial_log_sigma2)
        elif self.has_mean:
            self.log_sigma2.fill_(2 * math.log(bound) + self.initial_log_alpha)
        else:
            drawn = torch.empty_like(self.log_sigma2).uniform_(-bound, bound)
            self.log_sigma2.copy_(drawn.square().clamp_min(1e-12).log())
        if self.bias is not None:
            self.bias.uniform_(-self._bias_bound(), self._bias_bound())

    @torch.no_grad()
    def project(self):
        """Brings theta back into its interval: to be called after an optimizer's step, as the program does."""
        if self.theta_name == "log_alpha":
            self.log_alpha.clamp_(-LARGEST_LOG_ALPHA, LARGEST_LOG_ALPHA)
        else:
            self.log_sigma2.clamp_(*LOG_SIGMA2_RANGE)

    def weight_mean(self):
        """Means of the weights, of their shape; no gradient reaches those of dropped ones."""
        if not self.has_mean:
            return torch.zeros_like(self.log_sigma2)
        return self.mean if self.mask is None else torch.where(self.mask, self.mean, self.mean.detach())

    def weight_variance(self):
        """sigma^2 of the weights, of their shape."""
        if self.theta_name == "log_sigma2":
            own = self.log_sigma2.exp()
        else:
            own = self.log_alpha.exp() * self.mean.square()
        return own if self.mask is None else own * self.mask

    def log_alpha_of_weights(self):
        """log alpha in a shape that broadcasts to the weights'; None where there are no means."""
        if not self.has_mean:
            return None
        if self.theta_name == "log_alpha":
            return self.log_alpha
        return (self.log_sigma2 - (self.mean.square() + 1e-16).log()).clamp(-LARGEST_LOG_ALPHA, LARGEST_LOG_ALPHA)

    def kl(self, step=None):
        """KL of the weights to the prior, the sum in nats, a 0-d tensor.

        Args:
            step: of the prior log_uniform_sampled, int64 [1]: the step whose number is drawn by `draw`; None: PyTorch's
                generator draws
        """
        if self.prior == "student_t":
            return self._student_t_kl()
        log_alpha = self.log_alpha_of_weights()
        if log_alpha is None:
            return self.theta.new_zeros(())
        each = self._log_uniform_kl(log_alpha, step)
        if self.mask is not None:
            return (each * self.mask.long().sum_to_size(log_alpha.shape).to(each.dtype)).sum()
        return each.sum() * (self.weight_shape.numel() / log_alpha.numel())

    def _log_uniform_kl(self, log_alpha, step):
        if self.prior == "log_uniform":
            return divergence.log_uniform(log_alpha)
        if self.prior == "log_uniform_exact":
            return divergence.log_uniform_exact(log_alpha)
        if self.draw is None or step is None:
            eps = torch.randn_like(log_alpha)
        else:
            key = dataclasses.replace(self.draw.key, stream="kl_sample", layer=self.number)
            eps = noise.normals(key, step, self.draw.member[:1], log_alpha.numel()).reshape(log_alpha.shape)
        return divergence.log_uniform_sampled(log_alpha, eps)

    def _student_t_kl(self):
        mean, variance = self.mean if self.has_mean else torch.zeros_like(self.log_sigma2), self.weight_variance()
        if self.mask is None:
            return divergence.student_t(mean, variance, self.nu).sum()
        # A dropped weight may have no variance, of which there is no logarithm.
        each = divergence.student_t(mean, torch.where(self.mask, variance, 1), self.nu)
        return torch.where(self.mask, each, 0).sum()

    def _linear(self, x, weight, bias):
        raise NotImplementedError

    def moments(self, x):
        """Mean and variance of the output, without noise; the mean is None where it is zero."""
        variance = self._linear(x.square(), self.weight_variance(), None)
        if self.mode != "zero_mean" and self.has_mean:
            return self._linear(x, self.weight_mean(), self.bias), variance
        return self._bias_alone(variance), variance

    def _bias_alone(self, like):
        if self.bias is None:
            return None
        return self.bias.reshape(-1, *(1,) * (like.dim() - 2)).expand_as(like)

    def forward(self, x):
        if self.mode == "mean":
            if self.has_mean:
                return self._linear(x, self.weight_mean(), self.bias)
            output = self._linear(x, self.weight_mean(), None)
            return output if self.bias is None else output + self._bias_alone(output)
        mean, variance = self.moments(x)
        return sample_output(self, mean, variance)

    def extra_repr(self):
        return f"parameterization={self.parameterization}, prior={self.prior}, bias={self.bias is not None}"


def sample_output(module, mean, variance):
    """mean + eps sqrt(max(variance, 0) + 1e-16); no gradient of a variance that is not positive.

    In float32 at least, also under autocast: a spread of few digits would be another network.
    """
    dtype = torch.promote_types(variance.dtype, torch.float32)
    variance = variance.to(dtype)
    spread = (torch.where(variance > 0, variance, 0) + 1e-16).sqrt()
    if module.draw is None:
        eps = torch.randn_like(spread)
    else:
        eps = noise.output_normals(module.draw, module.number, spread.shape).to(dtype)
    noisy = eps * spread
    return noisy if mean is None else mean.to(dtype) + noisy


class VarianceLinear(VarianceLayer):
    """A dense layer with variances: `variance_dense` of a spec, beside torch.nn.Linear.

    Args:
        in_features, out_features: as torch.nn.Linear's
        bias: whether it has a bias without a variance
        parameterization: "layer", "neuron", "weight": sigma^2 = alpha mean^2 with an alpha for each of these; "additive":
            sigma^2 of its own; "zero_centred": the same, with all means zero
        prior: "log_uniform", "log_uniform_exact", "log_uniform_sampled" or "student_t"
        log_alpha: initial value, natural logarithm
        log_sigma2: initial value of additive and zero_centred; None: as docs/math.md has it
        nu: degrees of freedom of the prior student_t
    """

    def __init__(self, in_features, out_features, bias=False, *, parameterization="layer", prior="log_uniform",
                 log_alpha=-5.0, log_sigma2=None, nu=1e-16, device=None, dtype=None):  # fmt: skip
        self.in_features, self.out_features = in_features, out_features
        super().__init__((out_features, in_features), parameterization, prior, log_alpha, log_sigma2, nu, bias,
                         {"device": device, "dtype": dtype})  # fmt: skip

    def _linear(self, x, weight, bias):
        return F.linear(x, weight, bias)

    def extra_repr(self):
        return f"{self.in_features}, {self.out_features}, {super().extra_repr()}"


class VarianceConv2d(VarianceLayer):
    """A convolution with variances, its noise drawn for each image, channel and position: `variance_conv2d` of a spec.

    Args:
        in_channels, out_channels, kernel_size, stride, padding, dilation, groups: as torch.nn.Conv2d's
        others: as VarianceLinear's
    """

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=False, *,
                 parameterization="layer", prior="log_uniform", log_alpha=-5.0, log_sigma2=None, nu=1e-16,
                 device=None, dtype=None):  # fmt: skip
        size = (kernel_size, kernel_size) if isinstance(kernel_size, int) else tuple(kernel_size)
        self.in_channels, self.out_channels, self.kernel_size = in_channels, out_channels, size
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        super().__init__((out_channels, in_channels // groups, *size), parameterization, prior, log_alpha, log_sigma2,
                         nu, bias, {"device": device, "dtype": dtype})  # fmt: skip

    def _bias_bound(self):
        return 1 / math.sqrt(self.weight_shape[1:].numel())

    def _linear(self, x, weight, bias):
        return F.conv2d(x, weight, bias, self.stride, self.padding, self.dilation, self.groups)

    def extra_repr(self):
        return f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, {super().extra_repr()}"


class Dropout(RandomModule):
    """Dropout that draws in every mode but "mean", in training or not: `dropout` of a spec.

    Args:
        p: share of the activations that is dropped; the others are divided by 1 - p
    """

    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if self.mode == "mean":
            return x
        keep = 1 - self.p
        if self.draw is None:
            return F.dropout(x, self.p, True)
        words = noise.output_words(_masks(self), self.number, x.shape)
        scale = torch.tensor(1 / keep, dtype=torch.float32).item()
        return x * (words < math.floor(keep * 2.0**32)).to(x.dtype) * scale

    def extra_repr(self):
        return f"p={self.p}"


class GaussianDropout(RandomModule):
    """Multiplies each activation by a number of N(1, alpha): `gaussian_dropout` of a spec."""

    def __init__(self, alpha=1.0):
        super().__init__()
        self.alpha = alpha

    def forward(self, x):
        if self.mode == "mean":
            return x
        if self.draw is None:
            eps = torch.randn_like(x)
        else:
            eps = noise.output_normals(_masks(self), self.number, x.shape).to(x.dtype)
        return x * (1 + math.sqrt(self.alpha) * eps)

    def extra_repr(self):
        return f"alpha={self.alpha}"


def _masks(module):
    """The draw of a dropout layer: masks of training are told from those of evaluation."""
    key = module.draw.key
    sub = 255 if module.training else key.sub
    return noise.Draw(dataclasses.replace(key, stream="dropout", sub=sub), module.draw.example, module.draw.member)
