"""CoinGecko's API v3 under `/coingecko/api/v3`: ids, chains, caps, supplies, prices.

Contract: coingecko/coingecko-api-oas demo-api.json (2026-06-22). Without a key an address may ask 15 times a minute
(5 to 15 are reported), with a demo key 30 times; beyond that 429 with Retry-After. A coin that is new has null or 0
where nothing is known yet, both of which occur.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from aiohttp import web

from simulator.abroad.venue_wire import bounded, caller
from simulator.counters import Counters
from simulator.limits import Window
from simulator.world.prices import MINUTE_MS
from simulator.world.universe import COINGECKO_CHAINS, NETWORK_NAMES
from simulator.world.values import SimToken
from simulator.world.world import World

KEYLESS_A_MINUTE, DEMO_A_MINUTE = 15, 30
TOO_MANY = (
    "You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing to subscribe to our API "
    "plans for higher rate limits."
)

Row = dict[str, object]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """The request is answered with an error text."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def routes(world: World, counters: Counters) -> list[web.RouteDef]:
    gecko, count = CoinGecko(world), counters.of("coingecko")
    keyless, demo = Window(KEYLESS_A_MINUTE, MINUTE_MS), Window(DEMO_A_MINUTE, MINUTE_MS)

    def v3(path: str, answer: Callable[[web.Request], object]) -> web.RouteDef:
        async def handler(request: web.Request) -> web.StreamResponse:
            key = request.headers.get("x-cg-demo-api-key") or request.query.get("x_cg_demo_api_key")
            left = (demo if key else keyless).take(key or caller(request), world.clock.now_ms())
            if left is None:
                count.limit_hits += 1
                body = {"status": {"error_code": 429, "error_message": TOO_MANY}}
                return web.json_response(body, status=429, headers={"Retry-After": "60"})
            try:
                return web.json_response(answer(request), headers={"Cache-Control": "public, max-age=60"})
            except Refused as e:
                return web.json_response({"error": e.message}, status=e.status)

        return web.get(f"/coingecko/api/v3/{path}", handler)

    return [
        v3("ping", lambda _: {"gecko_says": "(V3) To the Moon!"}),
        v3("coins/list", gecko.coins),
        v3("coins/markets", gecko.markets),
        v3("simple/price", gecko.simple_price),
        v3("search", gecko.search),
        v3("asset_platforms", gecko.platforms),
        v3("coins/{id}", gecko.coin),
    ]


class CoinGecko:
    """The answers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def coins(self, request: web.Request) -> list[Row]:
        """Every coin; with `include_platform`, its contract addresses."""
        rows: list[Row] = []
        for token in self._world.tokens():
            row: Row = {"id": token.token_id, "symbol": token.symbol, "name": token.name}
            if request.query.get("include_platform") == "true":
                row["platforms"] = {chain: address for chain, (address, _) in token.platforms.items()}
            rows.append(row)
        return rows

    def markets(self, request: web.Request) -> list[Row]:
        """By `ids`, by `symbols`, or all; the largest first, the unknown ones last."""
        if not request.query.get("vs_currency"):
            raise Refused(422, "Missing parameter vs_currency")
        scale = self._scale(request.query["vs_currency"])
        tokens = self._asked(request)
        tokens.sort(key=lambda token: (token.rank is None, token.rank or 0))
        size = bounded(request.query.get("per_page"), 100, 250) or 100
        page = bounded(request.query.get("page"), 1, 10_000) or 1
        return [_market(token, scale) for token in tokens[(page - 1) * size : page * size]]

    def coin(self, request: web.Request) -> Row:
        token = next((one for one in self._world.tokens() if one.token_id == request.match_info["id"]), None)
        if token is None:
            raise Refused(404, "coin not found")
        return _detail(token)

    def simple_price(self, request: web.Request) -> Row:
        """An unknown id is left out, so an answer may be `{}`."""
        query = request.query
        if not query.get("vs_currencies"):
            raise Refused(422, "Missing parameter vs_currencies")
        found: Row = {}
        for token in self._asked(request):
            row: Row = {}
            for currency in query["vs_currencies"].split(","):
                scale = self._scale(currency)
                row[currency] = _rounded(token.price_usd * scale)
                if query.get("include_market_cap") == "true":
                    row[f"{currency}_market_cap"] = (token.market_cap_usd or 0) * scale
                if query.get("include_24hr_vol") == "true":
                    row[f"{currency}_24h_vol"] = token.volume_24h_usd * scale
                if query.get("include_24hr_change") == "true":
                    row[f"{currency}_24h_change"] = 0.0
            if query.get("include_last_updated_at") == "true":
                row["last_updated_at"] = token.updated_ms // 1000
            found[token.token_id] = row
        return found

    def search(self, request: web.Request) -> Row:
        wanted = request.query.get("query", "").lower()
        coins = [
            {
                "id": token.token_id,
                "name": token.name,
                "api_symbol": token.token_id,
                "symbol": token.symbol.upper(),
                "market_cap_rank": token.rank,
            }
            for token in self._world.tokens()
            if wanted and (wanted == token.symbol or wanted in token.name.lower())
        ]
        return {"coins": coins, "exchanges": [], "icos": [], "categories": [], "nfts": []}

    def platforms(self, _: web.Request) -> list[Row]:
        return [
            {
                "id": chain,
                "chain_identifier": None,
                "name": NETWORK_NAMES.get(network, network),
                "shortname": network,
                "native_coin_id": chain,
            }
            for network, chain in COINGECKO_CHAINS.items()
        ]

    def _asked(self, request: web.Request) -> list[SimToken]:
        tokens = self._world.tokens()
        for parameter, field in (("ids", "token_id"), ("symbols", "symbol"), ("names", "name")):
            if parameter in request.query:
                wanted = {part.strip().lower() for part in request.query[parameter].split(",")}
                return [token for token in tokens if str(getattr(token, field)).lower() in wanted]
        return tokens

    def _scale(self, currency: str) -> float:
        if currency == "usd":
            return 1.0
        if currency == "krw":
            return self._world.bank_rate().base_price
        raise Refused(400, "invalid vs_currency")


def _market(token: SimToken, scale: float) -> Row:
    """A row of `coins/markets`. What nobody knows of a new coin is null here."""
    price = _rounded(token.price_usd * scale)
    diluted = (
        None if token.market_cap_usd is None or token.total is None else _whole(token.price_usd * token.total * scale)
    )
    return {
        "id": token.token_id,
        "symbol": token.symbol,
        "name": token.name,
        "image": f"https://coin-images.coingecko.com/coins/images/1/large/{token.token_id}.png",
        "current_price": price,
        "market_cap": None if token.market_cap_usd is None else _whole(token.market_cap_usd * scale),
        "market_cap_rank": token.rank,
        "fully_diluted_valuation": diluted,
        "total_volume": _whole(token.volume_24h_usd * scale),
        "high_24h": price,
        "low_24h": price,
        "price_change_24h": 0.0,
        "price_change_percentage_24h": 0.0,
        "market_cap_change_24h": 0.0,
        "market_cap_change_percentage_24h": 0.0,
        "circulating_supply": token.circulating,
        "total_supply": token.total,
        "max_supply": token.maximum,
        "ath": price,
        "ath_change_percentage": 0.0,
        "ath_date": _iso(token.updated_ms),
        "atl": price,
        "atl_change_percentage": 0.0,
        "atl_date": _iso(token.updated_ms),
        "roi": None,
        "last_updated": _iso(token.updated_ms),
    }


def _detail(token: SimToken) -> Row:
    """`coins/{id}`. What nobody knows of a new coin is 0 here."""
    cap = token.market_cap_usd or 0
    diluted = token.price_usd * (token.total or 0) if cap else 0
    platforms: Row = {chain: address for chain, (address, _) in token.platforms.items()}
    return {
        "id": token.token_id,
        "symbol": token.symbol,
        "name": token.name,
        "web_slug": token.token_id,
        "asset_platform_id": next(iter(token.platforms), None),
        "platforms": platforms or {"": ""},
        "detail_platforms": {
            chain: {"decimal_place": decimals, "contract_address": address}
            for chain, (address, decimals) in token.platforms.items()
        }
        or {"": {"decimal_place": None, "contract_address": ""}},
        "block_time_in_minutes": 0,
        "hashing_algorithm": None,
        "categories": [],
        "preview_listing": token.rank is None,
        "links": {"homepage": [""], "twitter_screen_name": ""},
        "genesis_date": None,
        "market_cap_rank": token.rank,
        "market_data": {
            "current_price": {"usd": _rounded(token.price_usd)},
            "market_cap": {"usd": _whole(cap)},
            "fully_diluted_valuation": {"usd": _whole(diluted)} if diluted else {},
            "market_cap_fdv_ratio": round(cap / diluted, 2) if diluted else None,
            "total_volume": {"usd": _whole(token.volume_24h_usd)},
            "total_supply": token.total,
            "max_supply": token.maximum,
            "max_supply_infinite": token.maximum is None,
            "circulating_supply": token.circulating or 0,
            "last_updated": _iso(token.updated_ms),
        },
        "last_updated": _iso(token.updated_ms),
    }


def _rounded(price: float) -> float | int:
    """Large prices come as integers, small ones with about six digits."""
    return round(price) if price >= 1_000 else float(f"{price:.6g}")


def _whole(value: float) -> int:
    return round(value)


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
