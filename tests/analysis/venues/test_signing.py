"""Signatures of read-only requests."""

from analysis.venues import signing
from analysis.venues.signing import ApiKey


def test_binance_signs_as_its_documentation_shows() -> None:
    """The example of rest-api.md, "SIGNED Endpoint Examples": a published key, of no account."""
    key = ApiKey(
        "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
        "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
    )
    order = {"symbol": "LTCBTC", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "0.1"}
    params, headers = signing.binance(key, order, 1_499_827_319_559)
    assert params["signature"] == "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    assert list(params)[-3:] == ["recvWindow", "timestamp", "signature"]
    assert headers == {"X-MBX-APIKEY": key.key}


def test_okx_and_bybit_sign_time_path_and_query() -> None:
    """Each value was computed with `openssl dgst -sha256 -hmac` over the text that the documentation prescribes."""
    key = ApiKey("k", "secret", "phrase")
    okx = signing.okx(key, "/api/v5/asset/currencies", {"ccy": "ABC"}, 1_800_000_000_123)
    assert okx["OK-ACCESS-TIMESTAMP"] == "2027-01-15T08:00:00.123Z"
    assert okx["OK-ACCESS-SIGN"] == "Sx8rQycAR+is8iu+6OCgO6OlvCRBqv2RQHsy9OuwRIo="
    assert (okx["OK-ACCESS-KEY"], okx["OK-ACCESS-PASSPHRASE"]) == ("k", "phrase")
    bybit = signing.bybit(key, {"coin": "ABC"}, 1_800_000_000_123)
    assert bybit["X-BAPI-SIGN"] == "4810ffe991afd1189e129727900cbd4f996fd74e74f49b49375a44b626221c27"
    assert (bybit["X-BAPI-TIMESTAMP"], bybit["X-BAPI-RECV-WINDOW"]) == ("1800000000123", "5000")


def test_a_key_does_not_show_itself() -> None:
    key = ApiKey("visible-key", "visible-secret", "visible-phrase")
    assert "visible" not in f"{key} {key!r} {[key]}"
