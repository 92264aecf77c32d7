// What the page says, Korean and English. Words of an exchange are never in here: they are shown as they came.

const WORDS = {
  title: ["상장 레이더", "Listing radar"],
  skip: ["본문으로 건너뛰기", "Skip to content"],
  tabs: ["화면", "Views"],
  now: ["지금", "Now"], listings: ["상장", "Listings"], listing: ["상장", "Listing"], premium: ["김프", "Premium"],
  dominance: ["점유율", "Dominance"], latency: ["속도", "Latency"],
  to_language: ["English", "한국어"],
  theme_auto: ["화면 색: 시스템", "Colours: system"], theme_dark: ["화면 색: 어둡게", "Colours: dark"], theme_light: ["화면 색: 밝게", "Colours: light"],
  leave: ["나가기", "Log out"],
  unknown: ["모름", "unknown"], never: ["아직 없음", "never"], yes: ["예", "yes"], no: ["아니오", "no"],
  ago: [(s) => `${s} 전`, (s) => `${s} ago`], ahead: [(s) => `${s} 뒤`, (s) => `in ${s}`],
  unit_s: ["초", " s"], unit_min: ["분", " min"], unit_h: ["시간", " h"], unit_d: ["일", " d"],
  loading: ["불러오는 중…", "Loading…"],
  failed: [(why) => `불러오지 못함: ${why}`, (why) => `Could not be read: ${why}`],
  foot: [(v, s) => `버전 ${v} · 스키마 ${s} · 시각은 모두 한국 시간(KST, UTC+9)`, (v, s) => `Version ${v} · schema ${s} · all times are Korean (KST, UTC+9)`],
  show_table: ["표로 보기", "Show as a table"],
  chart_keys: ["좌우 화살표로 값을 읽습니다", "Arrow keys read the values"],
  chart_range: [(a, b) => `${a}부터 ${b}까지`, (a, b) => `from ${a} to ${b}`],
  chart_series: [(name, low, high, last) => `${name}: 최저 ${low}, 최고 ${high}, 마지막 ${last}`, (name, low, high, last) => `${name}: lowest ${low}, highest ${high}, last ${last}`],
  chart_empty: ["이 구간에는 값이 없습니다", "No values in this span"],
  chart_unhealable: ["듣지 못한 구간", "not heard"], chart_healed: ["못 들었다가 채운 구간", "missed, filled later"], chart_axis: ["가로축은 한국 시각", "time in KST"],
  time: ["시각", "Time"], time_kst: ["시각 (KST)", "Time (KST)"],

  // login
  login_title: ["토큰이 필요합니다", "A token is needed"],
  login_hint: ["이 페이지는 다른 컴퓨터에도 열려 있습니다. WEB_TOKEN 값을 입력하세요.", "This page is open to other machines. Enter the value of WEB_TOKEN."],
  login_token: ["토큰", "Token"], login_enter: ["들어가기", "Enter"], login_wrong: ["토큰이 맞지 않습니다", "That is not the token"],

  // status
  status_green: ["정상", "Healthy"], status_yellow: ["주의", "Attention"], status_red: ["이상", "Failing"], status_lost: ["연결 끊김", "Disconnected"],
  status_wait: ["연결 중…", "Connecting…"],
  reasons_count: [(n) => `${n}건`, (n) => `${n}`],
  lost_hint: [(s) => `데몬과 연결이 끊겼습니다. 아래 값은 ${s} 전의 것입니다.`, (s) => `The daemon does not answer. What you see is ${s} old.`],
  is_healthy: ["상태", "Health"], just_happened: ["방금", "Just happened"], is_trade: ["거래 기회", "Is there a trade?"],
  all_well: ["모든 부분이 작동합니다.", "Every part works."],
  worth_knowing: [(n) => `알아 둘 것 ${n}건`, (n) => `${n} worth knowing`],
  up_for: [(s) => `가동 ${s}`, (s) => `up ${s}`],
  nothing_happened: ["아직 알림이 없습니다.", "No alert yet."],
  no_trade: ["진행 중인 상장이 없습니다.", "No listing is under way."],
  last_listing: [(base, s) => `마지막 상장은 ${base}, ${s}`, (base, s) => `The last one was ${base}, ${s}`],
  not_judged: ["판정 전", "not judged yet"],
  net: ["순이익", "Net"], excess: ["초과 프리미엄", "Excess premium"], coin_premium: ["코인 프리미엄", "Coin premium"], market_premium: ["시장 프리미엄", "Market premium"],
  route: ["경로", "Route"], opens: ["거래 시작", "Opens"], judged: ["판정", "Judged"],
  and_more: [(n) => `외 ${n}건`, (n) => `and ${n} more`],
  newest_listings: ["최근 상장", "Newest listings"], all_listings: ["모든 상장 보기", "All listings"],
  coin: ["코인", "Coin"], exchange: ["거래소", "Exchange"], state: ["상태", "State"], verdict: ["판정", "Verdict"], published: ["공지", "Published"],
  first_seen: ["첫 감지", "First seen"], delay: ["감지 지연", "Delay"], outcome: ["결과", "Outcome"], title_of: ["공지 제목", "Notice title"],
  no_listings: ["아직 감지된 상장이 없습니다.", "No listing was seen yet."],
  feeds: ["거래소 수신", "Exchange feeds"], connected: ["연결", "Connected"], last_message: ["마지막 수신", "Last message"], last_trade: ["마지막 체결", "Last trade"],
  markets: ["마켓", "Markets"], reconnects: ["재연결", "Reconnects"], silent_markets: ["멈춘 마켓", "Silent"], open_gaps: ["열린 결측", "Open gaps"],
  channels: ["상장 채널", "Listing channels"], channel: ["채널", "Channel"], last_ok: ["마지막 응답", "Last answer"], errors: ["오류", "Errors"],
  channel_up: ["정상", "up"], channel_degraded: ["불안정", "degraded"], channel_down: ["끊김", "down"], channel_off: ["꺼짐", "off"],
  alerts: ["알림", "Alerts"], no_alerts: ["보낸 알림이 없습니다.", "No alerts."],
  delivered: [(s) => `${s} 만에 전달`, (s) => `delivered after ${s}`], delivery_waiting: ["전달 대기", "waiting to be delivered"], delivery_failed: ["전달 실패", "not delivered"], delivery_none: ["보낼 대상 없음", "goes to nobody"],
  recording: ["기록", "Recording"], figure: ["항목", "Figure"], value: ["값", "Value"],
  gaps_24h: [(x) => `${x} 결측 24시간`, (x) => `${x} gaps, 24 h`],
  gaps_value: [(o, h, u) => `열림 ${o} · 복구 ${h} · 복구 불가 ${u}`, (o, h, u) => `${o} open · ${h} healed · ${u} unhealable`],
  missed: [(s) => `못 들은 시간 합계 ${s} (마켓별 합)`, (s) => `not heard: ${s} (sum over markets)`], no_gaps: ["결측 없음", "no gap"],
  audit: ["거래소 캔들과 대조", "Audit against exchange candles"],
  candle_socket: ["업비트 자체 초봉", "Upbit's own seconds"],
  candles_heard: [(markets) => `${markets}개 마켓 수신 중`, (markets) => `heard for ${markets} markets`],
  candles_not_heard: [(why) => `수신 안 됨 (${why})`, (why) => `not heard (${why})`],
  candles_told: [(state, told, short) => `${state} · ${told}초 수신 · ${short}초는 마지막 체결 없음`, (state, told, short) => `${state} · ${told} told · ${short} without our last trades`],
  audit_value: [(c, e, r, u) => `${c} 대조 · ${e} 일치 · ${r} 수정 · ${u} 미해명`, (c, e, r, u) => `${c} compared · ${e} equal · ${r} repaired · ${u} unexplained`],
  last_commit: ["마지막 저장", "Last commit"], queue: ["저장 대기", "Waiting to be stored"], rows: [(n) => `${n}행`, (n) => `${n} rows`], dropped: ["누락 / 거부", "Dropped / refused"],
  commit_p99: ["저장 p99", "Commit p99"], wal: ["WAL 크기", "WAL size"], disk: ["디스크 여유", "Disk free"], disk_days: ["디스크 가득 찰 때까지", "Disk full in"],
  days: [(n) => `${n}일`, (n) => `${n} days`], memory: ["메모리", "Memory"], lag: ["이벤트 루프 지연(1분 최대)", "Event loop lag (worst of 1 min)"], clock_offset: ["시계 오차", "Clock offset"],
  clock_between: [(a, b) => `${a} ~ ${b} ms`, (a, b) => `${a} to ${b} ms`],
  deliveries: ["알림 전달", "Deliveries"],
  deliveries_value: [(s, p, u, f) => `전달 ${s} · 대기 ${p} · 불확실 ${u} · 실패 ${f}`, (s, p, u, f) => `${s} sent · ${p} waiting · ${u} uncertain · ${f} failed`],
  rate_btc_implied: ["BTC 내재 환율", "BTC-implied"], rate_eth_implied: ["ETH 내재 환율", "ETH-implied"], rate_krw_usdt: ["원/USDT 시세", "KRW-USDT market"],
  rate_last_good: ["마지막 정상 환율", "last good"], rate_hard_coded: ["고정 환율", "hard-coded"], rate_dunamu: ["두나무", "Dunamu"],
  rates: ["환율", "Exchange rates"], krw_per_usdt: ["원/USDT", "KRW per USDT"], krw_per_usd: ["원/달러 (은행)", "KRW per USD (bank)"],

  // listings
  upbit: ["업비트", "Upbit"], bithumb: ["빗썸", "Bithumb"],
  state_announced: ["공지됨", "announced"], state_postponed: ["연기됨", "postponed"], state_deposits_open: ["입금 열림", "deposits open"],
  state_trading: ["거래 중", "trading"], state_settled: ["24시간 경과", "settled"], state_cancelled: ["취소됨", "cancelled"],
  verdict_GO: ["GO", "GO"], verdict_NO_GO: ["NO-GO", "NO-GO"], verdict_READY: ["준비됨", "READY"], verdict_NOT_READY: ["불가", "NOT READY"], verdict_UNKNOWN: ["판단 불가", "UNKNOWN"], verdict_INFO: ["참고", "INFO"],
  label_big_hit: ["대박 (≥ 30 %)", "big hit (≥ 30 %)"], label_hit: ["흥행 (≥ 8 %, 5분 이상)", "hit (≥ 8 % for 5 min)"], label_lightning_rod: ["피뢰침 (≥ 8 %, 5분 미만)", "lightning rod (≥ 8 %, under 5 min)"],
  label_normal: ["보통 (3–8 %)", "normal (3–8 %)"], label_dud: ["부진 (< 3 %)", "dud (< 3 %)"], label_unknown: ["모름", "unknown"],
  listings_lead: ["최근 것부터. 감지 지연은 거래소의 게시 시각부터 우리가 처음 본 때까지입니다.", "Newest first. The delay is from the exchange's publication to our first sight."],
  chart_window: ["구간", "Span"], window_10m: ["개장 10분", "First 10 min"], window_1h: ["1시간", "1 h"], window_24h: ["24시간", "24 h"],
  chart_premium: ["프리미엄", "Premium"], chart_volume: ["거래대금", "Volume"], chart_price: ["가격", "Price"],
  per_point: [(s) => `${s}마다`, (s) => `per ${s}`],
  series_excess: ["초과 (시장 대비)", "excess (over the market)"], series_coin: ["은행 환율 대비", "against the bank rate"],
  no_seconds: ["이 구간의 초 단위 기록이 없습니다. 개장 전이거나 기록하지 않은 때입니다.", "No seconds of this span: not open yet, or not recorded."],
  timeline: ["시간순", "Timeline"],
  m_published: ["거래소가 공지", "Published by the exchange"], m_seen: [(c) => `${c}에서 감지`, (c) => `Seen by ${c}`], m_notice_edited: [(v) => `공지 수정 (${v}판)`, (v) => `Notice edited (version ${v})`],
  m_alert_written: ["알림 기록", "Alert written"], m_alert_requested: ["전송 요청", "Request sent"], m_alert_delivered: ["전달됨", "Delivered"],
  m_deposits: ["입금 시작", "Deposits open"], m_trading: ["거래 시작 시각", "Trading starts"], m_first_trade: [(q) => `첫 체결 (${q} 마켓)`, (q) => `First trade (${q} market)`],
  m_gone: ["목록에서 사라짐", "Gone from the list"], m_verdict: [(v) => `판정: ${v}`, (v) => `Verdict: ${v}`], m_alert: ["알림", "Alert"], m_outcome: [(l) => `결과: ${l}`, (l) => `Outcome: ${l}`],
  sight_notice: ["공지", "notice"], sight_postponed: ["연기", "postponed"], sight_cancelled: ["취소", "cancelled"], sight_in_list: ["목록", "in the list"], sight_in_assets: ["입출금 목록", "in the asset list"], sight_deposits_open: ["입금 열림", "deposits open"], sight_traded: ["체결", "traded"], sight_out_of_list: ["목록에서 사라짐", "out of the list"],
  theirs: ["거래소 시각", "exchange's clock"], to_come: ["예정", "to come"],
  verdicts: ["판정 이력", "Verdict history"], reasons: ["이유", "Reasons"], mode_pre_open: ["개장 전", "before opening"], mode_open: ["개장 후", "after opening"], no_verdicts: ["판정이 없습니다.", "No verdict yet."],
  facts: [(n) => `마지막 판정의 근거 ${n}개`, (n) => `${n} facts behind the last verdict`], fact: ["근거", "Fact"], source: ["출처", "Source"], age: ["나이", "Age"], unit: ["단위", "Unit"],
  notice_link: ["공지 열기", "Open the notice"], back: ["← 모든 상장", "← All listings"],
  max_excess: ["최대 초과", "Highest excess"], max_premium: ["최대 프리미엄", "Highest premium"], above_8: ["8 % 초과 시간", "Time above 8 %"], at_1: ["1분 뒤", "After 1 min"], at_5: ["5분 뒤", "After 5 min"], at_30: ["30분 뒤", "After 30 min"], first_minute: ["첫 1분 거래대금", "Volume of the first minute"], provisional: ["중간 집계", "so far"], final: ["최종", "final"],

  // premium
  premium_lead: ["우리 분봉과 해외 기준가(바이낸스·OKX·바이비트), 환율 기록으로 계산합니다.", "From our minutes, the reference price abroad (Binance, OKX, Bybit) and the recorded rates."],
  choose_coin: ["코인", "Coin"], coin_placeholder: ["예: XRP", "e.g. XRP"], show: ["보기", "Show"], whole_market: ["시장 전체", "Whole market"],
  hours_1: ["1시간", "1 h"], hours_6: ["6시간", "6 h"], hours_24: ["24시간", "24 h"], hours_168: ["7일", "7 d"],
  against: ["기준", "Against"], against_bank: ["은행 환율", "bank rate"], against_market: ["시장 프리미엄", "the market"],
  chart_market: ["시장 김치 프리미엄", "Kimchi premium of the market"], chart_coin: [(c) => `${c} 김치 프리미엄`, (c) => `Kimchi premium of ${c}`], chart_rates: ["환율", "Exchange rates"],
  series_market: ["시장", "market"], series_usdt: ["원/USDT (내재)", "KRW/USDT (implied)"], series_usd: ["원/달러 (은행)", "KRW/USD (bank)"], axis_krw_per: ["원 / 1 USDT·USD", "KRW per USDT or USD"],
  coins_now: ["코인별 프리미엄", "Premium by coin"], as_of: [(at, s) => `${at} 기준 (${s})`, (at, s) => `as of ${at} (${s})`],
  world_price: ["해외가", "World price"], world_volume: ["해외 24시간", "World volume 24 h"], venues: ["해외 거래소", "Venues"],
  sort_by: [(c) => `${c} 순으로 정렬`, (c) => `Sort by ${c}`], show_all: [(n) => `${n}개 모두 보기`, (n) => `Show all ${n}`],
  no_world: ["해외 가격을 아직 받지 못했습니다. 첫 1분이 지나면 나옵니다.", "No prices from abroad yet; they come with the first full minute."],
  recorded_since: [(at) => `기록은 ${at}부터 있습니다.`, (at) => `Recorded since ${at}.`],
  premium_unknown_why: ["값이 없는 곳은 환율이나 가격을 모르던 때입니다.", "Where there is no line, a rate or price was unknown."],

  // dominance
  dominance_lead: ["최근 24시간 현물 거래대금에서 한국(업비트·빗썸 원화 마켓)이 차지하는 비중. 분모: 한국 + 바이낸스·OKX·바이비트의 USDT 마켓.", "Korea's part (KRW markets of Upbit and Bithumb) of the last 24 h of spot volume; the whole is Korea plus the USDT markets of Binance, OKX and Bybit."],
  korean_share: ["한국 점유율", "Korean share"], at_least: [(x) => `최소 ${x}`, (x) => `at least ${x}`],
  heard_of_24: [(s) => `24시간 중 ${s}만 들었습니다: 못 들은 거래는 0이 아니라 모름입니다.`, (s) => `Only ${s} of 24 h were heard: what we missed is unknown, not zero.`],
  at_this_pace: [(x) => `이 속도라면 약 ${x}`, (x) => `about ${x} at this pace`],
  bar_pace: ["막대는 이 속도일 때의 몫입니다.", "The bar shows the parts at this pace."],
  full_day: ["24시간을 모두 들었습니다.", "All 24 hours were heard."],
  compared: [(n, m) => `${n}개 코인 비교 · 해외 거래량을 모르는 ${m} 제외`, (n, m) => `${n} coins compared · ${m} without a known volume abroad left out`],
  converted: [(r, s, a) => `${r}/USDT로 환산 (${s}, ${a})`, (r, s, a) => `converted at ${r}/USDT (${s}, ${a})`],
  world: ["해외 3사", "Abroad"], heard: ["들은 시간", "Heard"],
  by_coin: ["코인별 한국 점유율", "Korean share by coin"], pace: ["이 속도라면", "At this pace"],
  no_dominance: ["환율이나 해외 거래량을 아직 모릅니다.", "The rate or the volume abroad is not known yet."],
 
  only_venues: [(v) => `해외 응답: ${v}`, (v) => `told abroad by ${v}`],

  // latency
  latency_lead: [(n) => `알림을 보낸 최근 상장 ${n}건. 시간은 거래소의 게시 시각부터이며, 음수는 게시 시각보다 먼저 본 것입니다.`, (n) => `The newest ${n} listings that were told. Times count from the exchange's publication; negative means seen before it.`],
  step: ["단계", "Step"], seen_count: ["상장 수", "Listings"], first_count: ["첫 번째", "First"], lead: ["앞선 시간(중앙값)", "Lead (median)"], p50: ["p50", "p50"], p99: ["p99", "p99"],
  step_alert_written: ["알림 기록", "alert written"], step_request_sent: ["전송 요청", "request sent"], step_delivered: ["전달", "delivered"],
  latency_table: [(x) => `${x}: 게시부터 걸린 시간`, (x) => `${x}: time since publication`], chain: ["상장별 경과", "The way of each listing"],
  no_latency: ["아직 잴 상장이 없습니다.", "Nothing to measure yet."],
 
};

let current = "ko";

export const language = () => current;

/** Korean or English; remembered where the browser allows it. */
export function setLanguage(chosen, remember = true) {
  current = chosen === "en" ? "en" : "ko";
  document.documentElement.lang = current;
  if (remember) try { localStorage.setItem("language", current); } catch { /* storage is off */ }
}

export function firstLanguage() {
  let chosen = null;
  try { chosen = localStorage.getItem("language"); } catch { /* storage is off */ }
  setLanguage(chosen ?? document.documentElement.lang, false);
}

/** The words of a key; those that take arguments are filled in. */
export function t(key, ...args) {
  const words = WORDS[key]?.[current === "ko" ? 0 : 1];
  return typeof words === "function" ? words(...args) : words ?? key;
}

/** Words for a code of the daemon; the code itself where there are none. */
export function word(prefix, code) {
  return WORDS[`${prefix}_${code}`] ? t(`${prefix}_${code}`) : code ?? t("unknown");
}

export const exchangeName = (name) => (WORDS[name] ? t(name) : name);

/** [Korean, English] from the daemon. */
export const pick = (pair) => pair[current === "ko" ? 0 : 1];

export const keys = Object.keys(WORDS);
export const pairs = WORDS;
