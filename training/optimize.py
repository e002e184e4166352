"""Muon for the matrices inside the network (Keller Jordan, 2024: momentum, orthogonalised by Newton-Schulz), AdamW for everything else.

All state lives in tensors that are changed in place, rates included, so that a step can be captured in a CUDA graph.
"""

from __future__ import annotations

from collections import defaultdict

import torch
from torch import Tensor, nn

_BETAS = (0.9, 0.98)


def orthogonalized(g: Tensor) -> Tensor:
    """Batch of matrices [k, rows, columns], not taller than wide, with singular values brought near one; five quintic steps in bfloat16."""
    x = g.bfloat16()
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(5):
        a = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(a, a, a, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
    return x


class Optimizer:
    """One step of both from the gradients, which all parameters have; `rates` (Muon's, AdamW's) is set before a step."""

    def __init__(self, model: nn.Module, *, decay: float = 0.1) -> None:
        # Matrices of one shape go together, tall ones lying on their side.
        groups: dict[tuple[int, int], list[nn.Parameter]] = defaultdict(list)
        self.rest: list[nn.Parameter] = []
        self.pace: list[float] = []  # of AdamW's rate; positions are seldom seen and would drown in its noise
        for name, parameter in model.named_parameters():  # a shared parameter comes once
            inner = parameter.dim() == 2 and not any(part in name for part in ("embed_tokens", "pos_embed", "lm_head"))
            if inner:
                groups[min(parameter.shape), max(parameter.shape)].append(parameter)
            else:
                self.rest.append(parameter)
                self.pace.append(0.1 if "pos_embed" in name else 1.0)
        self.groups, self.decay = list(groups.values()), decay
        device = self.rest[0].device
        self.rates = torch.zeros(2, device=device)
        self.momentum = [torch.zeros(len(members), *shape, device=device) for shape, members in groups.items()]
        self.scales = [  # of the rate, larger where a matrix is taller than wide
            torch.tensor([max(1.0, p.shape[0] / p.shape[1]) ** 0.5 for p in members], device=device)[:, None, None]
            for members in self.groups
        ]
        self.first, self.second = [torch.zeros_like(p) for p in self.rest], [torch.zeros_like(p) for p in self.rest]
        self.powers = torch.ones(2, device=device)  # of the betas
        self.betas = torch.tensor(_BETAS, device=device)

    @torch.no_grad()
    def step(self) -> None:
        shrink = 1 - self.rates[0] * self.decay
        for members, momentum, scale in zip(self.groups, self.momentum, self.scales, strict=True):
            grads = torch.stack([_lying(p.grad) for p in members if p.grad is not None])
            momentum.lerp_(grads, 0.05)
            update = orthogonalized(torch.lerp(grads, momentum, 0.95)).float() * (self.rates[0] * scale)
            torch._foreach_mul_(members, shrink)
            torch._foreach_sub_(
                members, [u if u.shape == p.shape else u.mT for u, p in zip(update.unbind(), members, strict=True)]
            )
        grads = [p.grad for p in self.rest if p.grad is not None]
        self.powers.mul_(self.betas)
        torch._foreach_lerp_(self.first, grads, 1 - _BETAS[0])
        torch._foreach_mul_(self.second, _BETAS[1])
        torch._foreach_addcmul_(self.second, grads, grads, 1 - _BETAS[1])
        root = torch._foreach_sqrt(self.second)
        torch._foreach_mul_(root, (1 - self.powers[1]).rsqrt())
        torch._foreach_add_(root, 1e-10)
        update = torch._foreach_div(self.first, root)
        torch._foreach_mul_(update, self.rates[1] / (1 - self.powers[0]))
        torch._foreach_mul_(update, self.pace)
        torch._foreach_sub_(self.rest, update)

    def state(self) -> dict[str, list[Tensor]]:
        """Momentum in bfloat16, to keep saved state small."""
        return {
            "momentum": [m.bfloat16().cpu() for m in self.momentum],
            "first": [m.cpu() for m in self.first],
            "second": [m.cpu() for m in self.second],
            "powers": [self.powers.cpu()],
        }

    @torch.no_grad()
    def load(self, state: dict[str, list[Tensor]]) -> None:
        for mine, stored in zip(
            [*self.momentum, *self.first, *self.second, self.powers],
            [*state["momentum"], *state["first"], *state["second"], *state["powers"]],
            strict=True,
        ):
            mine.copy_(stored)

    def reset(self) -> None:
        for tensor in [*self.momentum, *self.first, *self.second]:
            tensor.zero_()
        self.powers.fill_(1)


def _lying(matrix: Tensor) -> Tensor:
    return matrix.mT if matrix.shape[0] > matrix.shape[1] else matrix
