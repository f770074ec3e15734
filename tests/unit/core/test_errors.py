"""The family of errors."""

from __future__ import annotations

import pytest

from pmecalc import (
    BenchmarkError,
    CashFlowError,
    InputError,
    NeedsInputError,
    NotDefinedError,
    NotFoundError,
    PmeError,
    Problem,
    StoreError,
)


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (InputError, ValueError),
        (CashFlowError, InputError),
        (BenchmarkError, InputError),
        (NeedsInputError, InputError),
        (NotDefinedError, ArithmeticError),
        (NotFoundError, LookupError),
        (StoreError, PmeError),
    ],
)
def test_each_error_is_also_what_a_stranger_would_catch(kind, builtin):
    """The tree of STYLE 6."""
    assert issubclass(kind, builtin)
    assert issubclass(kind, PmeError)


def test_an_input_error_says_where_and_what_to_do():
    """File, row and field stand before the message, the hint behind it."""
    error = InputError(
        "It is wrong.", code="X", file="a.csv", row=3, field="nav", value=5, hint="Mend it."
    )
    assert str(error) == 'a.csv, row 3, "nav": It is wrong. Mend it.'
    assert error.problems == (Problem("X", "It is wrong.", 3, "nav", "5", "Mend it."),)


def test_an_input_error_without_a_place_is_its_message():
    """What is not known is not shown."""
    error = InputError("It is wrong.", code="X")
    assert str(error) == "It is wrong."
    assert (error.row, error.field, error.value, error.hint, error.file) == (None,) * 5
    assert error.problems[0].value is None


def test_given_problems_are_kept():
    """An import that found several problems lists them all."""
    problems = [Problem("A", "one"), Problem("B", "two")]
    assert InputError("two problems", code="A", problems=problems).problems == tuple(problems)


def test_a_question_carries_its_choices():
    """Two readings are possible: the caller sees both."""
    error = NeedsInputError("Which?", code="SIGN", choices=["lp", "gp"], field="amount")
    assert error.choices == ("lp", "gp")
    assert error.field == "amount"


def test_an_undefined_measure_says_why():
    """Status and reason stand in the message."""
    error = NotDefinedError("irr", "no_root", "no rate brings it to zero")
    assert str(error) == "irr is not defined (no_root): no rate brings it to zero"
    assert (error.code, error.measure, error.status) == ("no_root", "irr", "no_root")
    assert str(NotDefinedError("irr", "no_root")) == "irr is not defined (no_root)"


def test_an_unknown_name_lists_the_near_ones():
    """A slip of the finger is answered with what was meant."""
    error = NotFoundError("measure", "tvpy", ["tvpi", "irr"])
    assert error.near == ("tvpi",)
    assert str(error) == "no measure named 'tvpy'; near: tvpi"
    assert str(NotFoundError("fund", "x")) == "no fund named 'x'"
