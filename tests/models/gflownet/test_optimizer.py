"""The custom step equals fused Adam bit for bit, as does the norm of the gradients."""

import copy

import torch

from models.gflownet.optimizer import adam_step, gradient_norm


def network() -> torch.nn.Sequential:
    return torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.ReLU(), torch.nn.Linear(7, 2))


def adam(model: torch.nn.Sequential) -> torch.optim.Adam:
    groups = [{"params": model[0].parameters(), "lr": 3e-2}, {"params": model[2].parameters(), "lr": 1e-1}]
    return torch.optim.Adam(groups, fused=True)


def test_steps_are_bit_identical_also_where_gradients_come_late_or_go(generator: torch.Generator):
    ours = network()
    theirs = copy.deepcopy(ours)
    optimizers = adam(ours), adam(theirs)
    for turn in range(6):
        inputs = torch.rand(4, 5, generator=generator)
        for model, optimizer in zip((ours, theirs), optimizers, strict=True):
            optimizer.zero_grad()
            model[2].bias.requires_grad_(turn in (2, 3, 5))
            model(inputs).square().sum().backward()
        adam_step(optimizers[0])
        optimizers[1].step()
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            assert torch.equal(mine, other)
    states = [optimizer.state_dict()["state"] for optimizer in optimizers]
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][i]["step"], states[1][i]["step"]) for i in states[0])


def test_the_norm_is_that_of_all_gradients_there_are(generator: torch.Generator):
    model = network()
    model[2].bias.requires_grad_(requires_grad=False)
    model(torch.rand(4, 5, generator=generator)).square().sum().backward()
    expected = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]).norm()
    assert torch.allclose(gradient_norm(list(model.parameters())), expected)
