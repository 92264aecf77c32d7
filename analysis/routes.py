"""Routes: buy at a venue, send over a network, sell in Korea; each with what speaks against it. Pure.

"Closed", "unknown" and "scheduled" are three answers; so are "no common network" and "networks not told". A network
whose spelling `networks.yaml` does not list is shown as `SPELLING (exchange)` and never matches another.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from analysis.evidence import Evidence
from analysis.identity import Identity, Tie, identify
from analysis.quotes import Listed, NetworkState, Quote, Transfers
from analysis.verdict import Finding, Mode, TransferState
from config.settings import Network, Settings

NOT_TOLD = "?"
NONE_COMMON = "-"
CLOCK_SKEW_MS = 60_000  # how far in the future a source's time may lie and still be an answer of now
OVERDUE_MS = 120_000  # how long after its announced moment a deposit that is not open yet still counts as scheduled
AGAINST = {  # a known reason against a route; any other reason only says that something is not known
    *("withdrawal_closed", "deposit_closed", "deposit_scheduled", "transfer_slow", "vasp_blocked"),
    *("no_common_network", "other_coin", "not_listed"),
}
Vasp = Literal["yes", "no", "unknown"]


class Way(Struct, frozen=True):
    """One route before its cost is known. `known_network` False: the spelling is the source's own."""

    venue: str
    network: str
    known_network: bool
    withdrawal: TransferState
    deposit: TransferState
    vasp: Vasp
    p50_min: float | None
    p90_min: float | None
    fee_coins: Decimal | None
    identity: Identity
    reasons: tuple[Finding, ...]
    waived: tuple[str, ...] = ()
    min_coins: Decimal | None = None  # the venue sends no fewer; None: not told
    note: str = ""  # what either side says of this network in its own words

    @property
    def name(self) -> str:
        return f"{self.venue}/{self.network}"

    @property
    def open(self) -> bool:
        return not self.reasons

    @property
    def ruled_out(self) -> bool:
        """Whether something known speaks against it; an unknown alone does not rule it out."""
        return any(reason.code in AGAINST for reason in self.reasons)


class _Side(Struct, frozen=True):
    """One side's networks by canonical name; None: not told."""

    states: Mapping[str, NetworkState] | None
    unmapped: bool  # some spelling is not in networks.yaml


def canonical(networks: Mapping[str, Network], exchange: str, spelling: str) -> str | None:
    """The chain behind an exchange's spelling, None if networks.yaml does not list it."""
    wanted = spelling.strip().upper()
    for name, network in networks.items():
        spellings = (*network.names.get(exchange, ()), *network.names.get("any", ()))
        if any(wanted == known.upper() for known in spellings):
            return name
    return None


def ways(evidence: Evidence, settings: Settings, mode: Mode) -> tuple[Way, ...]:
    """Every route that may exist, by venue and network; a venue without a spot market is none."""
    korean = _korean_side(evidence, settings)
    found: list[Way] = []
    for venue in evidence.spots():
        answer = evidence.venues[venue]
        assert isinstance(answer, Listed)  # spots() lists only these
        quote = answer.quote
        foreign = _foreign_side(quote, evidence, settings)
        ours = {_name(settings, evidence.exchange, key): value for key, value in evidence.korean.contracts.items()}
        identity = identify(ours, {name: state.contract for name, state in (foreign.states or {}).items()})
        for network, withdrawal, deposit in _pairs(foreign, korean):
            found.append(_way(evidence, settings, mode, venue, network, withdrawal, deposit, identity))
    return tuple(sorted(found, key=lambda way: way.name))


def _name(settings: Settings, exchange: str, spelling: str) -> str:
    return canonical(settings.networks, exchange, spelling) or f"{spelling.strip()} ({exchange})"


def _foreign_side(quote: Quote, evidence: Evidence, settings: Settings) -> _Side:
    transfers = quote.transfers
    if not isinstance(transfers, Transfers) or _too_old(transfers, evidence, settings):
        return _Side(None, False)
    return _side(transfers, quote.venue, settings)


def _korean_side(evidence: Evidence, settings: Settings) -> _Side:
    """What the exchange says; else the networks that the notice names, their state unknown."""
    transfers = evidence.korean.transfers
    if isinstance(transfers, Transfers) and transfers.networks and not _too_old(transfers, evidence, settings):
        return _side(transfers, evidence.exchange, settings)
    if evidence.korean.announced_networks:
        unknown = TransferState.UNKNOWN
        named = tuple(NetworkState(name, unknown, unknown) for name in evidence.korean.announced_networks)
        return _side(Transfers(named, "notice", evidence.now_ms), evidence.exchange, settings)
    return _Side(None, False)


def _too_old(transfers: Transfers, evidence: Evidence, settings: Settings) -> bool:
    age_ms = evidence.now_ms - transfers.taken_ms
    return not -CLOCK_SKEW_MS <= age_ms <= settings.radar.gate.transfer_max_age_s * 1000


def _side(transfers: Transfers, exchange: str, settings: Settings) -> _Side:
    states: dict[str, NetworkState] = {}
    unmapped = False
    for state in transfers.networks:
        name = _name(settings, exchange, state.network)
        unmapped |= name not in settings.networks
        states[name] = _worse(states[name], state) if name in states else state
    return _Side(states, unmapped)


def _worse(one: NetworkState, other: NetworkState) -> NetworkState:
    """Of two rows for the same chain the one that promises less; two rows that differ in contract promise nothing."""
    order = (TransferState.CLOSED, TransferState.UNKNOWN, TransferState.SCHEDULED, TransferState.OPEN)
    withdrawal = min(one.withdrawal, other.withdrawal, key=order.index)
    deposit = min(one.deposit, other.deposit, key=order.index)
    least = [coins for coins in (one.withdraw_min, other.withdraw_min) if coins is not None]
    fees = [fee for fee in (one.withdraw_fee, other.withdraw_fee) if fee is not None]
    return NetworkState(
        one.network,
        deposit,
        withdrawal,
        withdraw_fee=max(fees) if len(fees) == 2 else None,
        contract=one.contract if one.contract == other.contract else "",
        note=one.note or other.note,
        withdraw_min=max(least, default=None),
    )


def _pairs(foreign: _Side, korean: _Side) -> Iterator[tuple[str, NetworkState | None, NetworkState | None]]:
    """(network, foreign row, Korean row); a row is None where that side does not tell."""
    if foreign.states is None and korean.states is None:
        yield NOT_TOLD, None, None
    elif korean.states is None:
        yield from ((name, state, None) for name, state in (foreign.states or {}).items())
        if not foreign.states:
            yield NONE_COMMON, None, None
    elif foreign.states is None:
        yield from ((name, None, state) for name, state in korean.states.items())
    else:
        common = foreign.states.keys() & korean.states.keys()
        yield from ((name, foreign.states[name], korean.states[name]) for name in sorted(common))
        if not common and (foreign.unmapped or korean.unmapped) and foreign.states:
            yield from ((name, state, None) for name, state in foreign.states.items())
        elif not common:
            yield NONE_COMMON, None, None


def _way(
    evidence: Evidence,
    settings: Settings,
    mode: Mode,
    venue: str,
    network: str,
    foreign: NetworkState | None,
    korean: NetworkState | None,
    identity: Identity,
) -> Way:
    gate = settings.radar.gate
    known = settings.networks.get(network)
    vasp = _vasp(evidence, settings, venue)
    withdrawal = foreign.withdrawal if foreign is not None else TransferState.UNKNOWN
    deposit = _deposit(korean, evidence, mode)
    p90 = float(known.p90_min.value) if known else None
    reasons = list(_transfer_reasons(network, withdrawal, deposit, evidence, mode))
    if p90 is None and network != NONE_COMMON:
        reasons.append(Finding("transfer_time_unknown"))
    elif p90 is not None and p90 > gate.transfer_p90_max_min:
        reasons.append(Finding("transfer_slow", numbers={"p90_min": p90, "limit_min": gate.transfer_p90_max_min}))
    if vasp == "no":
        reasons.append(Finding("vasp_blocked"))
    if identity.tie is Tie.DIFFERENT or network in identity.wrong_networks:
        reasons.append(Finding("other_coin"))
    waivable = {"withdrawal_unknown": "withdrawal", "deposit_unknown": "deposit"}
    waived = tuple(waivable[reason.code] for reason in reasons if waivable.get(reason.code, "") in gate.waive_unknown)
    return Way(
        venue=venue,
        network=network,
        known_network=known is not None,
        withdrawal=withdrawal,
        deposit=deposit,
        vasp=vasp,
        p50_min=float(known.p50_min.value) if known else None,
        p90_min=p90,
        fee_coins=foreign.withdraw_fee if foreign is not None else None,
        identity=identity,
        reasons=tuple(reason for reason in reasons if waivable.get(reason.code, "") not in waived),
        waived=waived,
        min_coins=foreign.withdraw_min if foreign is not None else None,
        note="; ".join(dict.fromkeys(side.note for side in (foreign, korean) if side is not None and side.note)),
    )


def _vasp(evidence: Evidence, settings: Settings, venue: str) -> Vasp:
    """The exchange's own word, where it gives one; else the table that is kept by hand."""
    told = evidence.korean.travel_rule.get(venue)
    entry = settings.vasps.get(evidence.exchange, {}).get(venue)
    if told is not None:
        return told.deposit
    return entry.deposit if entry is not None else "unknown"


def _deposit(korean: NetworkState | None, evidence: Evidence, mode: Mode) -> TransferState:
    """The exchange's word; what is not open yet but announced for later is scheduled.

    Before the opening also for a while after the announced moment: states come late, and a READY must not fall for it.
    """
    state = korean.deposit if korean is not None else TransferState.UNKNOWN
    overdue_ms = OVERDUE_MS if mode is Mode.PRE_OPEN else 0
    later = evidence.deposit_opens_ms is not None and evidence.deposit_opens_ms > evidence.now_ms - overdue_ms
    return TransferState.SCHEDULED if later and state is not TransferState.OPEN else state


def _transfer_reasons(
    network: str, withdrawal: TransferState, deposit: TransferState, evidence: Evidence, mode: Mode
) -> Iterator[Finding]:
    if network == NONE_COMMON:
        yield Finding("no_common_network")
        return
    if withdrawal is not TransferState.OPEN:  # nobody announces a withdrawal for later in a way that can be relied on
        yield Finding("withdrawal_closed" if withdrawal is TransferState.CLOSED else "withdrawal_unknown")
    if deposit is TransferState.SCHEDULED:
        if mode is Mode.OPEN:
            yield Finding("deposit_scheduled", numbers={"opens_ms": evidence.deposit_opens_ms})
    elif deposit is not TransferState.OPEN:
        yield Finding("deposit_closed" if deposit is TransferState.CLOSED else "deposit_unknown")
