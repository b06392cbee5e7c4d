# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Both moments of the 800 x 500 layer at 98 % zeros for 10,000 images: m = x W^T, v = x^2 S^T.

Dense products, or torch.sparse_csr ones; images as rows or, as CSR wants them, as columns.
"""

import torch

import measure

OUTPUTS, INPUTS, IMAGES, SPARSITY = 500, 800, 10000, 0.98


def forms(device):
    keep = torch.rand(OUTPUTS, INPUTS, device=device) >= SPARSITY
    mean = torch.randn(OUTPUTS, INPUTS, device=device) * keep
    variance = torch.rand(OUTPUTS, INPUTS, device=device) * keep
    x = torch.rand(IMAGES, INPUTS, device=device)

    @torch.no_grad()
    def dense():
        return torch.nn.functional.linear(x, mean), torch.nn.functional.linear(x.square(), variance)

    csr_mean, csr_variance = mean.to_sparse_csr(), variance.to_sparse_csr()

    @torch.no_grad()
    def csr():
        return (csr_mean @ x.t()).t().contiguous(), (csr_variance @ x.square().t()).t().contiguous()

    @torch.no_grad()
    def csr_columns():
        columns = x.t().contiguous()
        return (csr_mean @ columns).t().contiguous(), (csr_variance @ columns.square()).t().contiguous()

    return {"dense": lambda: dense, "csr": lambda: csr, "csr-columns": lambda: csr_columns}


def run():
    names = ["dense", "csr", "csr-columns"]
    return measure.run_forms("sparse-moments", __doc__.splitlines()[0], names, forms, IMAGES)


if __name__ == "__main__":
    measure.main("sparse-moments", run)
