"""The coins of the simulated world: names, rough prices, chains. Prices are only of the right size, never quotes."""

from msgspec import Struct

from simulator.world.prices import mixed, text_seed, unit


class Coin(Struct, frozen=True):
    """`price` is in USDT at the start; `volatility` scales its path; `networks` are canonical chain names."""

    base: str
    korean_name: str
    english_name: str
    price: float
    networks: tuple[str, ...]
    volatility: float = 1.5

    @property
    def stable(self) -> bool:
        return self.volatility < 0.1


# base | Korean | English | price in USDT | networks (first is its own chain, or where its token lives)
_TABLE = """
BTC|비트코인|Bitcoin|96000|BTC
ETH|이더리움|Ethereum|3300|ETH ARB OP BASE
XRP|엑스알피(리플)|XRP|2.3|XRP
USDT|테더|Tether|1|TRX ETH SOL APT
SOL|솔라나|Solana|145|SOL
DOGE|도지코인|Dogecoin|0.18|DOGE
ADA|에이다|Cardano|0.62|ADA
USDC|유에스디코인|USDC|1|ETH SOL BASE
TRX|트론|TRON|0.27|TRX
LINK|체인링크|Chainlink|15.2|ETH
AVAX|아발란체|Avalanche|19.5|AVAX
SUI|수이|Sui|2.1|SUI
SHIB|시바이누|Shiba Inu|0.0000105|ETH
DOT|폴카닷|Polkadot|3.4|DOT
XLM|스텔라루멘|Stellar Lumens|0.29|XLM
HBAR|헤데라|Hedera|0.17|HBAR
BCH|비트코인캐시|Bitcoin Cash|520|BCH
NEAR|니어프로토콜|NEAR Protocol|2.4|NEAR
APT|앱토스|Aptos|4.1|APT
ETC|이더리움클래식|Ethereum Classic|16.5|ETC
PEPE|페페|Pepe|0.0000078|ETH
ONDO|온도파이낸스|Ondo Finance|0.74|ETH
AAVE|에이브|Aave|190|ETH
UNI|유니스왑|Uniswap|7.9|ETH
ENA|에테나|Ethena|0.41|ETH
TAO|비트텐서|Bittensor|380|TAO
POL|폴리곤에코시스템토큰|POL|0.19|MATIC ETH
ATOM|코스모스|Cosmos|2.9|ATOM
ARB|아비트럼|Arbitrum|0.29|ARB
ALGO|알고랜드|Algorand|0.16|ALGO
SEI|세이|Sei|0.19|SEI
VET|비체인|VeChain|0.0171|VET
BONK|봉크|Bonk|0.0000135|SOL
JUP|주피터|Jupiter|0.34|SOL
VIRTUAL|버추얼프로토콜|Virtuals Protocol|1.1|BASE
TRUMP|오피셜트럼프|OFFICIAL TRUMP|7.2|SOL
PENGU|펏지펭귄|Pudgy Penguins|0.0148|SOL
WLD|월드코인|Worldcoin|0.77|ETH OP
ICP|인터넷컴퓨터|Internet Computer|5.2|ICP
STX|스택스|Stacks|0.42|STX
INJ|인젝티브|Injective|7.6|INJ
RENDER|렌더토큰|Render Token|2.3|SOL
IMX|이뮤터블엑스|Immutable X|0.44|ETH
GRT|더그래프|The Graph|0.066|ARB ETH
SAND|샌드박스|The Sandbox|0.21|ETH
MANA|디센트럴랜드|Decentraland|0.23|ETH
AXS|엑시인피니티|Axie Infinity|1.4|ETH
CHZ|칠리즈|Chiliz|0.033|CHZ
THETA|쎄타토큰|Theta Token|0.51|THETA
XTZ|테조스|Tezos|0.58|XTZ
FLOW|플로우|Flow|0.27|FLOW
EGLD|멀티버스엑스|MultiversX|9.6|EGLD
NEO|네오|NEO|4.6|NEO
QTUM|퀀텀|Qtum|1.9|QTUM
KAIA|카이아|Kaia|0.105|KAIA
CRV|커브|Curve|0.52|ETH
COMP|컴파운드|Compound|36|ETH
MKR|메이커|Maker|1500|ETH
SNX|신세틱스|Synthetix|0.71|ETH
1INCH|1인치네트워크|1inch Network|0.2|ETH
A|볼타|Vaulta|0.27|A
T|쓰레스홀드|Threshold|0.0128|ETH
G|그래비티|Gravity|0.0079|ETH
W|웜홀|Wormhole|0.071|SOL ETH
BLUR|블러|Blur|0.052|ETH
ZRO|레이어제로|LayerZero|1.6|ETH ARB
ZK|지케이싱크|ZKsync|0.041|ETH
STRK|스타크넷|Starknet|0.12|ETH
TIA|셀레스티아|Celestia|0.98|TIA
PYTH|피스네트워크|Pyth Network|0.095|SOL
MOVE|무브먼트|Movement|0.084|ETH
LAYER|솔레이어|Solayer|0.24|SOL
BERA|베라체인|Berachain|1.7|BERA
IP|스토리|Story|3.6|IP
KAITO|카이토|KAITO|0.92|BASE
ANIME|애니메코인|Animecoin|0.0098|ETH ARB
SAFE|세이프|Safe|0.24|ETH
DRIFT|드리프트|Drift|0.38|SOL
ORCA|오르카|Orca|1.5|SOL
RAY|레이디움|Raydium|1.6|SOL
MEW|캣인어독스월드|cat in a dogs world|0.0021|SOL
WAVES|웨이브|Waves|0.83|WAVES
ZIL|질리카|Zilliqa|0.0079|ZIL
ICX|아이콘|ICON|0.088|ICX
ONT|온톨로지|Ontology|0.092|ONT
IOST|이오스트|IOST|0.0026|IOST
STEEM|스팀|Steem|0.1|STEEM
HIVE|하이브|Hive|0.14|HIVE
SC|시아코인|Siacoin|0.0023|SC
ANKR|앵커|Ankr|0.011|ETH
BAT|베이직어텐션토큰|Basic Attention Token|0.19|ETH
ENS|이더리움네임서비스|Ethereum Name Service|14|ETH
LPT|라이브피어|Livepeer|4.7|ETH ARB
MASK|마스크네트워크|Mask Network|0.82|ETH
GLM|골렘|Golem|0.2|ETH
CVC|시빅|Civic|0.064|ETH
STORJ|스토리지|Storj|0.18|ETH
POWR|파워렛저|Powerledger|0.11|ETH
ELF|엘프|aelf|0.17|ETH
CELO|셀로|Celo|0.24|CELO
MINA|미나|Mina|0.13|MINA
ASTR|아스타|Astar|0.017|ASTR
GMT|스테픈|STEPN|0.029|SOL
GAS|가스|GAS|2.4|NEO
JST|저스트|JUST|0.039|TRX
SUN|썬|Sun Token|0.023|TRX
BTT|비트토렌트|BitTorrent|0.00000052|TRX
MOCA|모카네트워크|Moca Network|0.044|ETH
CARV|카브|CARV|0.21|ARB
AGLD|어드벤처골드|Adventure Gold|0.5|ETH
AHT|아하토큰|AhaToken|0.0034|ETH
MED|메디블록|MediBloc|0.0046|MED
MLK|밀크|MiL.k|0.11|KAIA
BORA|보라|BORA|0.048|KAIA
HUNT|헌트|HUNT|0.19|ETH
CBK|코박토큰|Cobak Token|0.42|ETH
AERGO|아르고|Aergo|0.074|ETH
STRAX|스트라티스|Stratis|0.031|ETH
ARDR|아더|Ardor|0.063|ARDR
XEC|이캐시|eCash|0.0000148|XEC
STG|스타게이트파이낸스|Stargate Finance|0.15|ETH
AUCTION|바운스토큰|Auction|6.4|ETH
VANA|바나|Vana|3.1|ETH
SONIC|소닉SVM|Sonic SVM|0.19|SOL
USD1|월드리버티파이낸셜유에스디|World Liberty Financial USD|1|ETH BSC
CAKE|팬케이크스왑|PancakeSwap|2.3|BSC
FIL|파일코인|Filecoin|1.8|FIL
LDO|리도다오|Lido DAO|0.74|ETH
PENDLE|펜들|Pendle|2.9|ETH
OP|옵티미즘|Optimism|0.39|OP
CFX|콘플럭스|Conflux|0.088|CFX
ROSE|오아시스|Oasis|0.019|ROSE
XPLA|엑스플라|XPLA|0.028|XPLA
WEMIX|위믹스|WEMIX|0.44|WEMIX
FCT2|피르마체인|Firmachain|0.031|ETH
OBSR|옵저버|Observer|0.0019|ETH
BIOT|바이오패스포트|Bio Passport|0.00042|ETH
META|메타디움|Metadium|0.021|ETH
RSR|리저브라이트|Reserve Rights|0.0061|ETH
""".strip()

VOLATILITY = {"BTC": 0.7, "ETH": 1.0, "USDT": 0.02, "USDC": 0.02, "USD1": 0.02}
ALWAYS_LISTED = ("BTC", "ETH", "XRP", "USDT", "SOL", "DOGE", "A", "T", "1INCH")

MULTIPLIED_PERPS = {"SHIB": 1000, "PEPE": 1000, "BONK": 1000, "XEC": 1000, "BTT": 1000, "MEW": 1000}

COINGECKO_CHAINS = {
    "ETH": "ethereum", "SOL": "solana", "BSC": "binance-smart-chain", "TRX": "tron", "ARB": "arbitrum-one",
    "OP": "optimistic-ethereum", "BASE": "base", "MATIC": "polygon-pos", "AVAX": "avalanche", "SUI": "sui",
    "APT": "aptos", "KAIA": "klay-token", "TON": "the-open-network", "NEAR": "near-protocol",
}  # fmt: skip
NETWORK_NAMES = {
    "BTC": "Bitcoin", "ETH": "Ethereum", "XRP": "XRP Ledger", "SOL": "Solana", "TRX": "Tron", "BSC": "BNB Smart Chain",
    "ARB": "Arbitrum One", "OP": "Optimism", "BASE": "Base", "MATIC": "Polygon", "AVAX": "Avalanche C-Chain",
    "SUI": "Sui", "APT": "Aptos", "KAIA": "Kaia", "TON": "TON", "NEAR": "NEAR",
}  # fmt: skip
_CONFIRMATIONS = {"BTC": 2, "ETH": 12, "TRX": 20, "SOL": 1, "XRP": 1, "BSC": 15, "MATIC": 120, "DOGE": 40, "BCH": 6}
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_SYLLABLES = ("BCDFGKLMNPRSTVXZ", "AEIOU")


def known_coins() -> list[Coin]:
    """The table, busiest first."""
    coins = []
    for line in _TABLE.splitlines():
        base, korean, english, price, networks = line.split("|")
        coins.append(Coin(base, korean, english, float(price), tuple(networks.split()), VOLATILITY.get(base, 1.6)))
    return coins


def invented_coin(seed: int, base: str, price: float | None = None, networks: tuple[str, ...] = ("ETH",)) -> Coin:
    """A coin nobody has heard of; its price follows from its name unless it is given."""
    roll = unit(seed, text_seed(base))
    return Coin(base, f"{base.title()}코인", base.title(), price or round(0.02 * 300**roll, 6), networks, 2.0)


def invented_bases(count: int, taken: set[str]) -> list[str]:
    """Tickers of three to five letters that are not in `taken`; the same for every seed."""
    found: list[str] = []
    number = 0
    while len(found) < count:
        bits = mixed(number, 4242)
        length = 3 + bits % 3
        base = "".join(_SYLLABLES[i % 2][(bits >> (6 * i + 8)) % len(_SYLLABLES[i % 2])] for i in range(length))
        if base not in taken:
            taken.add(base)
            found.append(base)
        number += 1
    return found


def contract_of(base: str, network: str) -> str:
    """The token's address on that chain, empty for a coin on its own chain."""
    own_coin = base == "ETH" or (base, network) == ("POL", "MATIC") or (base == network and base not in ("ARB", "OP"))
    if own_coin or network not in COINGECKO_CHAINS:
        return ""
    if network == "SOL":
        return "".join(_BASE58[mixed(text_seed(base), text_seed(network), i) % 58] for i in range(44))
    bits = "".join(f"{mixed(text_seed(base), text_seed(network), i):016x}" for i in range(3))
    return f"0x{bits[:40]}"


def network_name(network: str) -> str:
    return NETWORK_NAMES.get(network, network.title())


def confirmations(network: str) -> int:
    return _CONFIRMATIONS.get(network, 10)
