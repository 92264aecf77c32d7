"""A staged listing on a driven clock: what each page shows at each moment."""

import msgspec
import pytest

from simulator.orders import ListingEdit, ListingOrder, MarketOrder, NoticeEdit, NoticeOrder, VenueOrder, WalletOrder
from simulator.world.staging import BadOrder, Stage
from simulator.world.values import SimNotice
from simulator.world.world import World
from tests.fakes.sim_clock import START, StillClock
from tests.fakes.simulator import A_LITTLE_MS

ORDER = ListingOrder(
    exchange="upbit",
    base="NOVA",
    announce_in_s=10,
    deposits_in_s=40,
    trading_in_s=120,
    premium_pct=50,
    networks=["SOL"],
    venues={"binance": VenueOrder(price=2.0), "okx": VenueOrder(price=2.01, perp=False, withdrawal=False)},
)


class Theatre:
    def __init__(self) -> None:
        self.clock = StillClock()
        self.world = World(self.clock, 3, 12, 20.0, A_LITTLE_MS)
        self.stage = Stage(self.world)

    def at(self, seconds: float) -> None:
        """Go to this second of the play."""
        until = START + round(seconds * 1000)
        while self.clock.now < until:
            self.clock.now = min(until, self.clock.now + 500)
            self.world.advance(self.clock.now)

    def titles(self, exchange: str = "upbit", base: str = "NOVA") -> list[str]:
        return [n.title for n in self.world.notices(exchange) if base in n.title]

    def state(self, code: str = "KRW-NOVA", exchange: str = "upbit") -> str | None:
        listed = self.world.markets(exchange).get(code)
        return listed.state if listed else None

    def premium_pct(self, code: str = "KRW-NOVA", exchange: str = "upbit") -> float:
        last = self.world.last_trade(exchange, code)
        assert last is not None
        base = code.partition("-")[2]
        ordinary = self.world.krw_mid(exchange, base, "KRW")(last.traded_ms - START)
        return (last.price / ordinary - 1) * 100


@pytest.fixture
def theatre() -> Theatre:
    return Theatre()


def test_a_listing_unfolds_in_its_order(theatre: Theatre) -> None:
    staged = theatre.stage.list_coin(ORDER)
    assert (staged.announced_ms, staged.trading_starts_ms) == (START + 10_000, START + 120_000)
    theatre.at(9)
    assert theatre.titles() == []
    assert "NOVA" not in theatre.world.wallets("upbit")
    theatre.at(11)
    assert theatre.titles() == ["Nova코인(NOVA) 신규 거래지원 안내 (KRW, BTC, USDT 마켓)"]
    assert theatre.state() is None
    assert not theatre.world.wallets("upbit")["NOVA"]["SOL"].deposit
    theatre.at(41)
    wallet = theatre.world.wallets("upbit")["NOVA"]["SOL"]
    assert (wallet.deposit, wallet.withdrawal) == (True, False)
    theatre.at(110)
    assert theatre.state() == "PREVIEW"
    assert theatre.world.book("upbit", "KRW-NOVA", 5).asks == ()
    theatre.at(121)
    assert theatre.state() == "ACTIVE"
    for code in ("KRW-NOVA", "BTC-NOVA", "USDT-NOVA"):
        assert theatre.world.trades("upbit", code, 0, 2**62)[0].traded_ms == START + 120_000
    theatre.at(180)
    assert len(theatre.world.trades("upbit", "KRW-NOVA", 0, 2**62)) > 300


def test_the_premium_spikes_and_decays(theatre: Theatre) -> None:
    theatre.stage.list_coin(ORDER)
    theatre.at(124.2)
    assert theatre.premium_pct() == pytest.approx(50, abs=3)
    theatre.at(240)
    assert theatre.premium_pct() == pytest.approx(15, abs=2)


def test_a_premium_path_is_followed(theatre: Theatre) -> None:
    order = msgspec.structs.replace(ORDER, premium_path=[(0, 10.0), (20, 10.0), (21, -20.0), (60, -20.0)])
    theatre.stage.list_coin(order)
    theatre.at(139)
    assert theatre.premium_pct() == pytest.approx(10, abs=1)
    theatre.at(170)
    assert theatre.premium_pct() == pytest.approx(-20, abs=1)


def test_a_new_coin_stands_at_the_named_venues_only(theatre: Theatre) -> None:
    theatre.stage.list_coin(ORDER)
    binance, okx, bybit = (theatre.world.venue(name) for name in ("binance", "okx", "bybit"))
    spot, other = binance.spot("NOVA"), okx.spot("NOVA")
    assert spot and other
    assert spot.bid == pytest.approx(2.0, rel=0.01)
    assert other.bid / spot.bid == pytest.approx(1.005, rel=0.002)
    assert binance.perp("NOVA") and not okx.perp("NOVA")
    assert bybit.spot("NOVA") is None
    flags = [venue.currency("NOVA") for venue in (binance, okx)]
    assert [c.networks[0].withdrawal for c in flags if c] == [True, False]


def test_a_coin_known_abroad_keeps_its_venues_save_what_is_changed(theatre: Theatre) -> None:
    base = next(
        b for b in theatre.world.venue("binance").bases()
        if f"KRW-{b}" not in theatre.world.markets("upbit") and b in theatre.world.venue("okx").bases()
    )  # fmt: skip
    order = ListingOrder(
        exchange="upbit", base=base, venues={"okx": None, "binance": VenueOrder(contract="0xabc", latency_ms=700)}
    )
    theatre.stage.list_coin(order)
    assert theatre.world.venue("okx").spot(base) is None
    currency = theatre.world.venue("binance").currency(base)
    assert currency and currency.networks[0].contract == "0xabc"
    assert theatre.world.venue("binance").latency_ms == 700


def test_defaults_are_enough(theatre: Theatre) -> None:
    theatre.stage.list_coin(ListingOrder(exchange="bithumb", base="ZETA"))
    theatre.at(1)
    assert theatre.titles("bithumb", "ZETA") == ["Zeta코인(ZETA) 원화 마켓 추가"]
    theatre.at(61)
    assert theatre.state("KRW-ZETA", "bithumb") == "ACTIVE"
    assert theatre.world.venue("bybit").spot("ZETA") is not None


def test_without_an_announcement_the_list_is_the_first_to_tell(theatre: Theatre) -> None:
    staged = theatre.stage.list_coin(msgspec.structs.replace(ORDER, announce_in_s=None))
    assert staged.notice_id is None
    theatre.at(119)
    assert theatre.titles() == []
    assert theatre.state() == "PREVIEW"


def test_the_body_names_the_trading_start_in_korean_time(theatre: Theatre) -> None:
    theatre.stage.list_coin(ORDER)
    theatre.at(11)
    body = next(n.body for n in theatre.world.notices("upbit") if "NOVA" in n.title)
    assert "거래지원 개시 시점: 2027-01-15 17:02 KST" in body


def test_a_postponed_listing_edits_its_notice_and_trades_later(theatre: Theatre) -> None:
    heard: list[SimNotice] = []
    theatre.world.on_notice("upbit", heard.append)
    theatre.stage.list_coin(ORDER)
    theatre.at(50)
    theatre.stage.edit_listing(ListingEdit("upbit", "NOVA", postpone_s=60))
    assert theatre.titles()[0].endswith("(거래지원 개시 시점 연기 안내)")
    assert [notice.version for notice in heard] == [1, 2]
    assert "연기된 거래지원 개시 시점: 2027-01-15 17:03 KST" in heard[1].body
    assert (heard[1].published_ms, heard[1].edited_ms) == (START + 10_000, START + 50_000)
    theatre.at(179)
    assert theatre.state() == "PREVIEW"
    theatre.at(181)
    assert theatre.world.trades("upbit", "KRW-NOVA", 0, 2**62)[0].traded_ms == START + 180_000


def test_a_cancelled_listing_leaves_the_list_and_never_trades(theatre: Theatre) -> None:
    theatre.stage.list_coin(ORDER)
    theatre.at(110)
    theatre.stage.edit_listing(ListingEdit("upbit", "NOVA", cancel=True))
    assert theatre.state() is None
    theatre.at(140)
    assert theatre.state() is None
    assert "KRW-NOVA" not in theatre.world.traded_codes("upbit")
    assert theatre.titles()[0].endswith("(거래지원 취소 안내)")


def test_an_edit_before_the_announcement_changes_what_is_announced(theatre: Theatre) -> None:
    theatre.stage.list_coin(ORDER)
    theatre.at(5)
    theatre.stage.edit_listing(ListingEdit("upbit", "NOVA", postpone_s=30))
    assert theatre.titles() == []
    theatre.at(11)
    assert len(theatre.titles()) == 1


@pytest.mark.parametrize(
    "order",
    [
        ListingOrder(exchange="upbit", base="BTC"),
        msgspec.structs.replace(ORDER, quotes=["EUR"]),
        msgspec.structs.replace(ORDER, announce_in_s=200),
        msgspec.structs.replace(ORDER, venues={"nowhere": VenueOrder()}),
        msgspec.structs.replace(ORDER, premium_path=[(10, 1.0), (5, 1.0)]),
        msgspec.structs.replace(ORDER, premium_path=[(0, -100.0)]),
    ],
)
def test_an_impossible_listing_is_refused_and_leaves_no_trace(theatre: Theatre, order: ListingOrder) -> None:
    with pytest.raises(BadOrder):
        theatre.stage.list_coin(order)
    theatre.at(130)
    assert theatre.titles() == []
    assert theatre.world.coin("NOVA") is None


@pytest.mark.parametrize("edit", [ListingEdit("upbit", "NOVA"), ListingEdit("upbit", "NOVA", 5.0, True)])
def test_an_edit_says_one_thing(theatre: Theatre, edit: ListingEdit) -> None:
    theatre.stage.list_coin(ORDER)
    with pytest.raises(BadOrder):
        theatre.stage.edit_listing(edit)


def test_a_listing_that_trades_can_no_longer_be_postponed(theatre: Theatre) -> None:
    theatre.stage.list_coin(msgspec.structs.replace(ORDER, announce_in_s=0, deposits_in_s=0, trading_in_s=1))
    theatre.at(2)
    with pytest.raises(BadOrder, match="trades already"):
        theatre.stage.edit_listing(ListingEdit("upbit", "NOVA", postpone_s=5))


def test_a_market_is_added_renamed_and_removed(theatre: Theatre) -> None:
    theatre.stage.change_market(MarketOrder("bithumb", "KRW-PLUTO", "add"))
    theatre.at(10)
    assert theatre.state("KRW-PLUTO", "bithumb") == "ACTIVE"
    before = len(theatre.world.trades("bithumb", "KRW-PLUTO", 0, 2**62))
    assert before > 0
    assert theatre.stage.change_market(MarketOrder("bithumb", "KRW-PLUTO", "rename", "KRW-CHARON")) == "KRW-CHARON"
    theatre.at(30)
    assert len(theatre.world.trades("bithumb", "KRW-CHARON", 0, 2**62)) > before
    assert theatre.state("KRW-PLUTO", "bithumb") is None
    theatre.stage.change_market(MarketOrder("bithumb", "KRW-CHARON", "remove"))
    stopped = len(theatre.world.trades("bithumb", "KRW-CHARON", 0, 2**62))
    theatre.at(60)
    assert len(theatre.world.trades("bithumb", "KRW-CHARON", 0, 2**62)) == stopped


def test_a_market_may_come_back_and_keeps_what_it_traded(theatre: Theatre) -> None:
    theatre.at(5)
    theatre.stage.change_market(MarketOrder("upbit", "KRW-BTC", "remove"))
    before = list(theatre.world.trades("upbit", "KRW-BTC", 0, 2**62))
    theatre.at(20)
    theatre.stage.change_market(MarketOrder("upbit", "KRW-BTC", "add"))
    theatre.at(40)
    after = theatre.world.trades("upbit", "KRW-BTC", 0, 2**62)
    assert list(after[: len(before)]) == before
    assert len(after) > len(before)
    assert not [t for t in after if START + 5_000 < t.traded_ms < START + 20_000]


def test_notices_and_wallets_follow_orders(theatre: Theatre) -> None:
    notice = theatre.stage.publish(NoticeOrder("bithumb", "에이다(ADA) 입출금 일시 중지 안내", category=["입출금"]))
    assert theatre.world.notices("bithumb")[0] == notice
    edited = theatre.stage.edit_notice(NoticeEdit("bithumb", notice.notice_id, title="에이다(ADA) (완료)"))
    assert (edited.version, edited.categories) == (2, ("입출금",))
    by_uuid = theatre.stage.publish(NoticeOrder("upbit", "점검 안내"))
    assert theatre.stage.edit_notice(NoticeEdit("upbit", by_uuid.uuid, body="끝")).body == "끝"
    with pytest.raises(BadOrder):
        theatre.stage.edit_notice(NoticeEdit("upbit", 1, title="x"))
    theatre.stage.set_wallet(WalletOrder("upbit", "BTC", "BTC", False, True))
    wallet = theatre.world.wallets("upbit")["BTC"]["BTC"]
    assert (wallet.deposit, wallet.withdrawal) == (False, True)


def test_staging_changes_no_other_trade() -> None:
    plain, staged = Theatre(), Theatre()
    staged.stage.list_coin(ORDER)
    for theatre in (plain, staged):
        theatre.at(150)
    for code in plain.world.traded_codes("upbit"):
        assert plain.world.trades("upbit", code, 0, 2**62) == staged.world.trades("upbit", code, 0, 2**62)
