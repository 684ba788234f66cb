"""Distillation: a smaller student learns from the model's probabilities and from a text.

Knows nothing of the loss or the loop: `core.compression.distillation`.
"""

from __future__ import annotations

from typing import Any

from core.compression.loading import load_model, load_tokenizer, save_model, source_dtype, working_dtype
from core.compression.methods.base import CALIBRATION, Method, Work
from core.compression.request import CompressRequest
from core.compression.source import Source, open_source, require_parts, weight_file_bytes
from core.compression.workspace import require_space
from core.errors import InvalidInput
from core.models.stored import count_parameters

METHOD = Method(
    name="distill",
    title="Distillation",
    does="A smaller student, made of some of the model's layers or named by you, is trained to give the same "
    "probabilities as the model, softened by a temperature, and to continue a text.",
    choose="When the model should get smaller and faster everywhere, and you have text and time to train. Train the "
    "twin with hard_only to see what the teacher's probabilities were worth.",
    options=(
        *CALIBRATION,
        *("student", "layers", "keep", "temperature", "alpha", "hard_only", "steps", "batch_size", "learning_rate"),
    ),
    source="Hinton, Vinyals & Dean, 2015",
)


def check(request: CompressRequest, source: Source) -> None:
    """Check that a student can be made.

    Raises:
        InvalidInput: layers that are not there, a student that is the teacher or larger, a context that is too short.
        Unsupported: the family has no list of layers, or the student cannot be used.
    """
    from core.compression.distillation.student import chosen_layers

    if request.samples < 2:
        raise InvalidInput("samples is 1: distillation needs at least 2, one to train on and one held out.", "samples")
    if not request.student:
        require_parts(source, "making a student of the model's layers", "num_hidden_layers")
        chosen_layers(source.number("num_hidden_layers") or 0, request.layers, request.keep)
    else:
        _check_student(request, open_source(request.student), source)
    require_space(weight_file_bytes(source.folder), "The student")


def _check_student(request: CompressRequest, student: Source, teacher: Source) -> None:
    if student.folder.resolve() == teacher.folder.resolve():
        raise InvalidInput(f"The student {student.ref} is the teacher itself; name another model.", "student")
    theirs, ours = count_parameters(student.folder), count_parameters(teacher.folder)
    if theirs > ours:
        raise InvalidInput(
            f"The student {student.ref} is larger than its teacher ({theirs:,} numbers against {ours:,}); let the "
            f"larger one teach.",
            "student",
        )
    context = student.context_length
    if context is not None and context < request.sample_tokens:
        raise InvalidInput(
            f"sample_tokens is {request.sample_tokens:,}, more than the student's context of {context:,} tokens; lower "
            f"it.",
            "sample_tokens",
        )


def run(work: Work) -> dict[str, Any]:
    """Write the student's folder.

    Returns:
        what `training.train` returns; `{"parameters", "teacher_parameters", "student", "calibration"}`, and `"layers"`
        of a student that was made of the teacher's.
    """
    from core.compression.distillation import student as students
    from core.compression.distillation.training import Recipe, train

    request, job = work.request, work.job
    tokenizer = load_tokenizer(work.source.folder)
    text = work.text(tokenizer)
    job.check()
    other = open_source(request.student) if request.student else None
    if other is not None:
        students.same_vocabulary(tokenizer, load_tokenizer(other.folder))
    teacher = load_model(work.source.folder, working_dtype(work.source.config))
    made: dict[str, Any] = {}
    if other is not None:
        student, dtype = students.from_folder(other.folder), source_dtype(other.config)
        made["student"] = other.ref
    else:
        keep = students.chosen_layers(students.layer_count(teacher), request.layers, request.keep)
        student, dtype = students.from_layers(teacher, keep), source_dtype(work.source.config)
        made |= {"student": f"layers of {work.source.ref}", "layers": keep}
    job.check()
    recipe = Recipe(
        steps=request.steps,
        batch_size=request.batch_size,
        learning_rate=request.learning_rate,
        temperature=request.temperature,
        alpha=request.alpha,
        hard_only=request.hard_only,
        seed=request.seed,
    )
    made |= train(teacher, student, text.ids, recipe, job)
    job.progress(request.steps, request.steps, "steps", "writing")
    made |= {
        "parameters": sum(each.numel() for each in student.parameters()),
        "teacher_parameters": sum(each.numel() for each in teacher.parameters()),
        "calibration": text.described,
    }
    save_model(student, tokenizer, work.target, dtype)
    return made
