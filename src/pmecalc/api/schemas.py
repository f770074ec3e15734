"""Requests and answers, as OpenAPI shows them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import UploadFile
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)
from pydantic.config import JsonDict
from starlette.datastructures import UploadFile as UploadedFile

from pmecalc.api.auth import Permission, Role
from pmecalc.core.conventions import BeforeFirstNav, NavGrowth, Netting, Recallable
from pmecalc.core.daycount import DayCount
from pmecalc.core.errors import NotFoundError
from pmecalc.core.fund import Reversals
from pmecalc.core.lookup import Lookup
from pmecalc.core.methods import FURTHER, METHODS, any_method
from pmecalc.ingest.names import invisible, name_of
from pmecalc.ingest.options import Amounts, Levels

IndexKind = Literal["total_return", "net_total_return", "price"]
Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


def _readable(text: str) -> str:
    """Text as a person sees it, or a refusal of what cannot be seen (SECURITY 6)."""
    name = name_of(text)
    hidden = invisible(name)
    if hidden:
        raise ValueError(f"it contains {hidden}")
    return name


Text = Annotated[str, Field(max_length=200), AfterValidator(_readable)]
Name = Annotated[Text, Field(min_length=1)]


def _none_word(value: object) -> object:
    return None if value == "none" else value


def _measure(name: str) -> str:
    try:
        return any_method(name).name
    except NotFoundError as error:
        raise ValueError(str(error)) from None


MeasureName = Annotated[
    str, AfterValidator(_measure), Field(json_schema_extra={"enum": [*METHODS, *FURTHER]})
]
MAX_DAYS = 36_500
Days = Annotated[int, Field(ge=0, le=MAX_DAYS)]
Staleness = Annotated[
    Days | None,
    BeforeValidator(_none_word),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": MAX_DAYS},
                {"type": "string", "enum": ["none"]},
            ],
            "description": "days a level may be old; `none` for no limit",
        }
    ),
]


class Query(BaseModel):
    """Query parameters: a name that is not listed is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FundQuery(Query):
    """Which answer about a fund, the fund being in the path."""

    benchmark: Annotated[
        Id | None,
        Field(description="left out: the fund's default one or the only one; `none`: without one"),
    ] = None
    as_of: date | None = None
    day_count: Annotated[DayCount, Field(description="how long a year is")] = "ACT/365F"
    netting: Annotated[Netting, Field(description="of the flows of one day")] = "gross"
    lookup: Annotated[Lookup, Field(description="the index level that counts")] = "previous"
    max_staleness_days: Staleness = 100
    nav_growth: Annotated[NavGrowth, Field(description="of a NAV rolled forward")] = "none"
    recallable: Annotated[
        Recallable, Field(description="`net`: offset against later calls in the multiples")
    ] = "gross"
    before_first_nav: Annotated[
        BeforeFirstNav,
        Field(description="`cost`: contributions less distributions stand in for an unknown NAV"),
    ] = "none"


class MetricQuery(FundQuery):
    """Which answer about which fund."""

    fund: Id


class SummaryQuery(MetricQuery):
    """Which measures of which fund."""

    all: Annotated[bool, Field(description="the further measures too")] = False


class ChartQuery(FundQuery):
    """A chart of the fund in the path."""

    format: Literal["spec", "plotly"] = "spec"


class PageQuery(Query):
    """A page of a list."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    after: Annotated[str | None, Field(max_length=512)] = None


class FlowQuery(Query):
    """A page of the rows of a fund."""

    limit: Annotated[int, Field(ge=1, le=5000)] = 1000
    after: Annotated[str | None, Field(max_length=512)] = None


def _committing(value: bool) -> bool:  # noqa: FBT001  (pydantic passes by position)
    if not value:
        raise ValueError("an import is read and committed in one step; only commit=true is offered")
    return value


class ImportQuery(Query):
    """What the user says of a file beside its content."""

    commit: Annotated[bool, AfterValidator(_committing)] = True
    kind: Literal["fund", "benchmark"] | None = None
    dataset: Id | None = None
    name: Name | None = None
    currency: Currency | None = None
    commitment: Annotated[float | None, Field(gt=0, le=1e15, allow_inf_nan=False)] = None
    vintage: Annotated[int | None, Field(ge=1900, le=2200)] = None
    strategy: Text | None = None
    index_kind: IndexKind | None = None
    sign: Literal["lp", "gp"] | None = None
    amounts: Annotated[
        Amounts | None,
        Field(description="`cumulative`: contributions and distributions are running totals"),
    ] = None
    levels: Annotated[Levels | None, Field(description="what the column `level` holds")] = None
    reversals: Annotated[
        Reversals, Field(description="`net`: negative amounts in two columns are given back")
    ] = "reject"
    sheet: Annotated[Text | None, Field(description="the sheet of a workbook to read")] = None


class Body(BaseModel):
    """A JSON body: a name that is not listed is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FundChanges(Body):
    """Metadata of a fund; what is left out stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"commitment": 150, "vintage": 2019, "strategy": "Buyout"}]}
    )

    name: Name | None = None
    currency: Currency | None = None
    commitment: Annotated[float | None, Field(gt=0, le=1e15, allow_inf_nan=False)] = None
    vintage: Annotated[int | None, Field(ge=1900, le=2200)] = None
    strategy: Text | None = None
    benchmark: Id | None = None


class BenchmarkChanges(Body):
    """Metadata of a benchmark; what is left out stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"index_kind": "net_total_return", "currency": "USD"}]}
    )

    name: Name | None = None
    currency: Currency | None = None
    index_kind: IndexKind | None = None


Number = Annotated[float, Field(strict=True)]
Row = Annotated[list[str | Number | None], Field(min_length=2, max_length=3)]
Rows = Annotated[list[Row], Field(max_length=30_000)]


class FundData(Body):
    """Flows `[date, contribution, distribution]` or `[date, amount]`, NAVs `[date, nav]`.

    `recallable`: `[date, amount]`, the part of that date's distributions that may be called again.
    """

    flows: Rows
    navs: Rows = []
    commitment: float | None = None
    name: Name | None = None
    currency: Currency | None = None
    sign: Literal["lp", "gp"] = "lp"
    reversals: Literal["reject", "net"] = "reject"
    recallable: Rows = []


class BenchmarkData(Body):
    """Levels `[date, level]`."""

    levels: Rows
    kind: IndexKind = "total_return"
    name: Name | None = None
    currency: Currency | None = None


_EVALUATION: JsonDict = {
    "fund": {
        "name": "Alpha IV",
        "flows": [["2020-01-01", 100, 0], ["2021-01-01", 0, 150]],
        "navs": [["2021-01-01", 0]],
        "commitment": 120,
    },
    "benchmark": {"levels": [["2020-01-01", 500], ["2021-01-01", 600]], "kind": "total_return"},
    "as_of": "2021-01-01",
}


class EvaluationRequest(Body):
    """Data that are not stored, and how to look at them."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EVALUATION]})

    fund: FundData
    benchmark: BenchmarkData | None = None
    as_of: date | None = None
    day_count: str = "ACT/365F"
    netting: str = "gross"
    lookup: str = "previous"
    max_staleness_days: Days | None = 100
    nav_growth: str = "none"
    recallable: str = "gross"
    before_first_nav: str = "none"
    all: Annotated[bool, Field(description="the further measures too")] = False


class Fund(BaseModel):
    """A stored fund."""

    id: str
    kind: Literal["fund"]
    name: str
    currency: str | None
    commitment: float | None
    vintage: int | None
    strategy: str | None
    benchmark: str | None
    revision: str
    sequence: int
    rows: int
    first_date: str
    last_date: str
    created: int


class FundDetail(Fund):
    """A stored fund with its valuation dates."""

    nav_dates: list[str]


class Benchmark(BaseModel):
    """A stored benchmark."""

    id: str
    kind: Literal["benchmark"]
    name: str
    currency: str | None
    index_kind: IndexKind | None
    revision: str
    sequence: int
    rows: int
    first_date: str
    last_date: str
    created: int


class FundPage(BaseModel):
    """A page of funds."""

    items: list[Fund]
    next: str | None


class BenchmarkPage(BaseModel):
    """A page of benchmarks."""

    items: list[Benchmark]
    next: str | None


class FlowTable(BaseModel):
    """A page of rows by date: date, contribution, distribution, nav, source_row, recallable.

    A row with `recallable` is no flow: it says how much of its date's distributions that is.
    """

    columns: list[str]
    rows: list[list[str | float | int | None]]
    next: str | None


def _a_file(value: object) -> object:
    if not isinstance(value, UploadedFile):
        raise ValueError("this part is no file: it needs a file name")  # noqa: TRY004  (pydantic's)
    return value


class ImportUpload(BaseModel):
    """The form of an import: one file, CSV or XLSX. Its options are query parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Annotated[
        UploadFile,
        BeforeValidator(_a_file),
        Field(
            description="CSV or XLSX, of funds or of a benchmark",
            json_schema_extra={"format": "binary"},  # generated clients know a file by this word
        ),
    ]


class ImportedDataset(BaseModel):
    """One dataset of an import."""

    id: str
    kind: Literal["fund", "benchmark"]
    name: str
    revision: str
    sequence: int
    notes: list[str]


class ImportResult(BaseModel):
    """An import; `already`: the content was known, nothing was written."""

    model_config = ConfigDict(populate_by_name=True)

    import_id: Annotated[str | None, Field(alias="import")]
    datasets: list[ImportedDataset]
    already: bool


class KeyRequest(Body):
    """An API key to be made; scopes narrow what its role allows."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "quarterly upload", "role": "analyst", "days": 180},
                {"name": "dashboards", "role": "viewer", "scopes": ["read"]},
            ]
        }
    )

    name: Name
    role: Literal["viewer", "analyst", "admin"]
    days: Annotated[int, Field(ge=1, le=365)] = 90
    scopes: Annotated[list[Permission] | None, Field(min_length=1, max_length=10)] = None


class Key(BaseModel):
    """An API key, without its secret; times in Unix milliseconds."""

    id: str
    role: Role
    scopes: list[str] | None
    name: str
    actor: str
    created: int
    expires: int
    last_used: int | None
    revoked: int | None


class NewKey(Key):
    """A key just made: `key` is shown here and never again."""

    key: str | None


class KeyPage(BaseModel):
    """A page of keys."""

    items: list[Key]
    next: str | None


class Session(BaseModel):
    """Who asks; `unprotected`: the service answers a network without accounts."""

    mode: Literal["local", "key"]
    unprotected: bool
    signed_in: bool
    tenant: str | None
    role: Role | None
    actor: str
    permissions: list[Permission]


class ImportRecord(BaseModel):
    """An import; times in Unix milliseconds, `datasets` how many it changed."""

    id: str
    state: Literal["staged", "committed", "undone", "failed"]
    actor: str
    raw_name: str | None
    created: int
    committed: int | None
    undone_by: str | None
    datasets: int


class ImportPage(BaseModel):
    """A page of imports, the last one first."""

    items: list[ImportRecord]
    next: str | None


class UndoResult(BaseModel):
    """What an undo did: datasets that went back, and new ones that went away."""

    model_config = ConfigDict(populate_by_name=True)

    import_id: Annotated[str, Field(alias="import")]
    restored: int
    removed: int


class JobRequest(Body):
    """Measures of every stored fund, as of one day or each fund's own; else those of a report."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"kind": "batch"},
                {"kind": "batch", "as_of": "2024-12-31", "max_staleness_days": None},
                {"kind": "batch", "measures": ["irr", "twr"]},
            ]
        }
    )

    kind: Literal["batch"]
    benchmark: Id | None = None
    as_of: date | None = None
    max_staleness_days: Days | None = 100
    measures: Annotated[list[MeasureName], Field(min_length=1, max_length=100)] | None = None


class Progress(BaseModel):
    """How far a job is."""

    done: int
    total: int
    unit: str
    message: str
    eta_s: float | None


class Job(BaseModel):
    """A job; `result` once it is done, `problem` where it failed or was cancelled."""

    id: str
    kind: Literal["batch", "import"]
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: Progress | None
    result: dict[str, object] | None
    result_url: str | None
    problem: dict[str, object] | None
    created: int
    updated: int


class JobPage(BaseModel):
    """A page of jobs, the last one first."""

    items: list[Job]
    next: str | None


class ProblemRow(BaseModel):
    """One thing wrong with a request or a file."""

    code: str
    message: str
    row: int | None
    column: str | None
    value: str | None
    hint: str | None


class Problem(BaseModel):
    """An error (RFC 9457); `errors` lists at most fifty problems, `total` counts all of them."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: Annotated[list[ProblemRow], Field(max_length=50)]
    total: int


class Health(BaseModel):
    """That the process answers."""

    status: Literal["ok"]
    version: str


class Readiness(BaseModel):
    """Whether the store can be read."""

    status: Literal["ready", "not ready"]
