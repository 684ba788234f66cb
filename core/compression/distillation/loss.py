"""The loss of distillation (Hinton, Vinyals & Dean, 2015): softened probabilities of the teacher, and the text.

    α · T² · KL(softmax(teacher / T) ‖ softmax(student / T)) + (1 - α) · cross entropy with the text's next tokens

T² keeps the size of the soft part's gradients as T changes (section 2.1). Knows nothing of training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def soft_loss(student: torch.Tensor, teacher: torch.Tensor, temperature: float) -> torch.Tensor:
    """T² · KL(teacher ‖ student), the mean over positions, in nats.

    Args:
        student: logits, shape (…, vocabulary).
        teacher: logits of the same shape; no gradient flows into them.
        temperature: T, above 0.

    The gradient with respect to the student's logits z is T · (softmax(z / T) - softmax(teacher / T)) / positions.
    """
    import torch

    log_p = torch.log_softmax(teacher.detach().float() / temperature, dim=-1).flatten(0, -2)
    log_q = torch.log_softmax(student.float() / temperature, dim=-1).flatten(0, -2)
    return temperature**2 * torch.nn.functional.kl_div(log_q, log_p, reduction="batchmean", log_target=True)


def hard_loss(student: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross entropy with the text's own next tokens, the mean over positions, in nats.

    Args:
        student: logits, shape (…, vocabulary).
        targets: token ids, shape (…).
    """
    import torch

    return torch.nn.functional.cross_entropy(student.float().flatten(0, -2), targets.flatten())


def mixed_loss(soft: torch.Tensor, hard: torch.Tensor, alpha: float) -> torch.Tensor:
    """α · soft + (1 - α) · hard."""
    return alpha * soft + (1 - alpha) * hard
