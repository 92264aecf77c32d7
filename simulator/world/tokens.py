"""What CoinGecko knows of the simulated coins: ids, chains, caps and supplies that fit the price."""

from simulator.world.prices import mixed, text_seed, unit
from simulator.world.universe import COINGECKO_CHAINS, Coin, contract_of
from simulator.world.values import SimToken

# Rough circulating supplies of coins whose cap people know by heart; the others get one from their name.
_SUPPLIES = {
    "BTC": 19.9e6, "ETH": 120.5e6, "XRP": 59e9, "USDT": 180e9, "SOL": 545e6, "DOGE": 151e9, "ADA": 35.8e9,
    "USDC": 74e9, "TRX": 94.7e9, "LINK": 678e6, "AVAX": 422e6, "SHIB": 589e12, "PEPE": 420.69e12,
}  # fmt: skip


def token_of(seed: int, coin: Coin, price_usd: float, now_ms: int) -> SimToken:
    """The token's sheet at this moment; a coin priced from nowhere (an invented one) has no rank."""
    roll = unit(seed, text_seed(coin.base), 9)
    known = coin.volatility < 2.0
    circulating = _SUPPLIES.get(coin.base, (2e7 * 60**roll) / coin.price)
    total = circulating if coin.stable else circulating * (1.0 + 0.8 * unit(text_seed(coin.base), 10))
    cap = circulating * price_usd
    return SimToken(
        token_id=coin.english_name.lower().replace(" ", "-").replace(".", "-"),
        symbol=coin.base.lower(),
        name=coin.english_name,
        platforms={
            COINGECKO_CHAINS[network]: (address, 6 if coin.stable else 18)
            for network in coin.networks
            if network in COINGECKO_CHAINS and (address := contract_of(coin.base, network))
        },
        price_usd=price_usd,
        volume_24h_usd=cap * (0.02 + 0.1 * roll),
        market_cap_usd=cap if known else None,
        circulating=circulating if known else None,
        total=total,
        maximum=21e6 if coin.base == "BTC" else None,
        rank=1 + mixed(text_seed(coin.base)) % 900 if known and coin.base not in _SUPPLIES else _rank(coin.base),
        updated_ms=now_ms - now_ms % 60_000,
    )


def _rank(base: str) -> int | None:
    ranked = list(_SUPPLIES)
    return ranked.index(base) + 1 if base in ranked else None
