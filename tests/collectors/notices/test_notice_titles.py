"""Titles in the wordings of both exchanges since 2017, with coins that do not exist: kind, coins and markets of each.

What the labels mean is written in the README of the recorded titles; "listing" here covers `market_added` too, which
titles do not tell apart reliably.
"""

import pytest

from collectors.notices.notice_parser import ItemStatus, NoticeKind, ParsedNotice, parse

LISTINGS = """
u 별빛(STAR) 신규 거래지원 안내 (KRW, BTC, USDT 마켓) | STAR | KRW BTC USDT
u 별빛(STAR)(KRW, USDT 마켓), 달무리(HALO)(KRW 마켓) 디지털 자산 추가 | STAR HALO | KRW USDT
u BTC, USDT 마켓 신규 거래지원 안내 (STAR, HALO, 2X) | STAR HALO 2X | BTC USDT
u 신규 거래지원 안내 (STAR, HALO) (KRW, BTC 마켓) | STAR HALO | KRW BTC
u 별빛(STAR) 신규 거래지원 안내 (KRW, BTC) | STAR | KRW BTC
u 별빛(STAR) KRW, USDT 마켓 디지털 자산 추가 | STAR | KRW USDT
u KRW 마켓 디지털 자산 추가 (STAR) (매도 주문 제한 기준 가격 안내) | STAR | KRW
u KRW 마켓 디지털 자산 추가 (USDT) | USDT | KRW
u KRW 마켓 디지털 자산 추가 (BTC, ETH) | BTC ETH | KRW
u 테더(USDT) KRW 마켓 디지털 자산 추가 | USDT | KRW
u 원화(KRW) 마켓 디지털 자산 추가 (STAR) | STAR | KRW
u 디지털 자산 추가 (STAR) (KRW, BTC 마켓) | STAR | KRW BTC
u 디지털 자산 추가 안내 (STAR) | STAR |
u BTC 마켓 디지털 자산 추가 (별빛 STAR, 달무리 네트워크 HALO) | STAR HALO | BTC
u BTC, ETH 마켓 코인 추가 (트루달 TUSD) | TUSD | BTC ETH
u BTC, ETH, USDT 마켓 코인 추가 오픈 (STAR, HALO) | STAR HALO | BTC USDT ETH
u BTC 마켓 신규 코인 추가 (STAR) | STAR | BTC
u USDT 마켓 코인 추가 오픈 | | USDT
u 원화 마켓 코인 추가 (별빛 STAR) | STAR | KRW
u 원화마켓 신규 상장 (별빛 STAR) (완료) | STAR | KRW
u 원화 마켓 신규 상장 : 별빛(STAR), 달무리(HALO) | STAR HALO | KRW
u 원화 마켓 신규 상장 : STAR, HALO | STAR HALO | KRW
u 원화 마켓 신규 암호화폐 상장 (별빛 STAR) | STAR | KRW
u 원화마켓, BTC 마켓 신규 상장 (별빛 STAR) | STAR | KRW BTC
u 별빛(STAR) 원화 마켓 오픈 | STAR | KRW
u 별빛 원화 마켓(STAR/KRW) 오픈 안내 | STAR | KRW
u 별빛(STAR/KRW) 상장 | STAR | KRW
u 별빛(STAR) 소개 및 원화마켓 오픈 예정 안내 | STAR | KRW
u 별빛(STAR) 소개 및 거래 지원 예정 안내 | STAR |
u 별빛(STAR) 입출금 지원 및 원화마켓 오픈 예정 안내 | STAR | KRW
u 별빛(STAR) 에어드랍 및 원화 마켓 상장 안내 | STAR | KRW
u 별빛(STAR) 신규 거래지원 및 에어드랍 안내 | STAR |
u BTC, USDT 마켓 거래 지원 예정 안내 - 10/26~10/27 | | BTC USDT
u BTC, USDT 마켓 거래 지원 예정 안내 - 10/29 (SERV/BTC 포함) | | BTC USDT
u 비트코인캐시 하드포크에 따른 HALO 거래지원 안내 | HALO |
u 비비(BBB) 하드포크에 따른 STAR 거래지원 안내 | STAR |
u 비비(BBB) 리브랜딩에 따른 별빛(STAR) 원화 마켓 추가 안내 | STAR | KRW
u 별빛(STAR) 재단의 요청에 따른 신규 거래지원 안내 | STAR |
u STAR(별빛), HALO(달무리네트워크) 신규 거래지원 안내 (BTC 마켓) (HALO 국문명 변경 안내) | STAR HALO | BTC
u STAR, HALO 신규 거래지원 안내 (BTC 마켓) | STAR HALO | BTC
u STAR 원화 마켓 추가 | STAR | KRW
u 오하나(O) 신규 거래지원 안내 (KRW 마켓) | O | KRW
u 사(4) 신규 거래지원 안내 (KRW 마켓) | 4 | KRW
u 별빛(리플)(STAR) 신규 거래지원 안내 (KRW 마켓) | STAR | KRW
u 래핑 별빛(wSTAR) 신규 거래지원 안내 (BTC 마켓) | WSTAR | BTC
u 별빛스왑(STAR), 이벤트호라이즌(HALO) 신규 거래지원 안내 (BTC 마켓) | STAR HALO | BTC
u 월렛다오(STAR) KRW 마켓 디지털 자산 추가 | STAR | KRW
u 원화마켓에 별빛(STAR)이 추가됩니다 | STAR | KRW
u KRW 마켓 디지털 자산 추가 (STAR), BTC 마켓 디지털 자산 추가 (HALO) | STAR HALO | KRW BTC
u 신규 거래지원 안내 | |
u 원화 마켓 신규 상장 (디마켓 STAR, 이벤트호라이즌 HALO) | STAR HALO | KRW
u 별빛네임서비스(SNS) 신규 거래지원 안내 (KRW 마켓) | SNS | KRW
u 별빛(STAR) 거래지원 종료 및 달무리(HALO) 신규 거래지원 안내 | HALO |
u 별빛(STAR) 신규 거래지원 안내 (KRW 마켓) 및 달무리(HALO), 해(SUNX) BTC 마켓 거래지원 종료 안내 | STAR | KRW BTC
u SC(달무리) 신규 거래지원 안내 (BTC, USDT 마켓) | SC | BTC USDT
u 별빛(STAR) 입금 오픈 (5/3 원화마켓 오픈 예정) | STAR | KRW
u 신규 거래지원 안내 (STAR, KRW 마켓) | STAR | KRW
u 신규 거래지원 안내 (KRW 마켓 - STAR, HALO) | STAR HALO | KRW
b 신규 코인 추가 안내 (STAR) | STAR |
b [New Market] Starlight(STAR) KRW Market | STAR | KRW
b 별빛(STAR) 원화 마켓 추가 | STAR | KRW
b 별빛아이디(ID) 원화 마켓 추가 | ID | KRW
b 별빛코드(CODE) 원화 마켓 추가 | CODE | KRW
b 원화 마켓 거래 지원 예정 안내 (별빛, STAR) | STAR | KRW
b [마켓 추가] 별빛(STAR), 달무리(HALO) 원화 마켓 추가 | STAR HALO | KRW
b [마켓 추가/수수료 이벤트] 별빛(STAR) 원화 마켓 추가 (거래 수수료 무료) | STAR | KRW
b [마켓 추가] 월드 리버티 별빛(STAR) 및 달무리(M) 원화 마켓 추가 | STAR M | KRW
b 별빛(STAR) 원화 마켓 추가(심볼명 변경) | STAR | KRW
b 별빛(STAR) 원화 마켓 추가 (지원 네트워크 변경) | STAR | KRW
b 별빛(STAR) 원화 마켓 추가 (업데이트) | STAR | KRW
b 별빛(STAR) 원화 마켓 추가 (에어드랍 이벤트) | STAR | KRW
b 별빛(STAR) 원화 마켓 추가 예정 안내 | STAR | KRW
b 별빛(STAR) 원화마켓 신규 상장 | STAR | KRW
b 별빛(STAR) 원화 마켓 상장 | STAR | KRW
b 별빛(STAR) 원화 마켓 재상장 | STAR | KRW
b 별빛(STAR) 재상장 안내 | STAR |
b 별빛(STAR) 재거래지원 안내 | STAR |
b 별빛(STAR) BTC 마켓 추가 | STAR | BTC
b 별빛(STAR) USDT 마켓 추가 | STAR | USDT
b 신규 가상자산 상장 안내 - 별빛(STAR) | STAR |
b 별빛(STAR), 달무리(HALO) 상장 안내 | STAR HALO |
b 별빛(STAR), 달무리(HALO) 상장 및 에어드랍 이벤트 안내 (상장 완료) | STAR HALO |
b 별빛(STAR) 상장 및 상장 기념 에어드랍 이벤트 | STAR |
b 별빛(STAR) BTC마켓 상장 및 에어드랍 이벤트 안내 | STAR | BTC
b 별빛(STAR) 거래지원 개시 안내 | STAR |
b 별빛(STAR) 원화마켓 거래 오픈 | STAR | KRW
b 별빛(STAR) 거래 개시 안내 | STAR |
b 별빛(STAR) 마켓 추가 예정 | STAR |
b USDT 마켓 10종 페어 추가 및 BTC 마켓 4종 페어 추가 | | BTC USDT
b USDT 마켓 신규 오픈 안내 | | USDT
b 테더(USDT) 마켓 오픈 | | USDT
b [마켓 추가] 별빛(STAR) | STAR |
u Market Support for Starlight(STAR) (KRW, BTC, USDT Market) | STAR | KRW BTC USDT
u Market Support for Starlight(STAR)(KRW, BTC market), halo.net(HALO)(BTC market) | STAR HALO | KRW BTC
u Market Support for STAR and HALO (BTC Market) | STAR HALO | BTC
u [Trade] Trading Support for Starlight(STAR) | STAR |
u Notice on New Trading Support for Starlight(STAR) (KRW Market) | STAR | KRW
u New digital asset on KRW Market: Starlight(STAR) | STAR | KRW
u KRW Market Addition: Starlight(STAR) | STAR | KRW
u Starlight(STAR) Added to KRW, USDT Market | STAR | KRW USDT
b Starlight(STAR) KRW Market Listing and Airdrop Event | STAR | KRW
b Relisting of Starlight(STAR) | STAR |
b Bithumb to list Starlight(STAR) on the KRW market | STAR | KRW
u Upbit lists Starlight(STAR) and Halo(HALO) | STAR HALO |
"""

OTHERS = """
postponed u 별빛(STAR) 신규 거래지원 안내 (KRW 마켓) (거래지원 개시 시점 변경 안내) | STAR | KRW
postponed u 별빛(STAR) 신규 거래지원 안내 (KRW 마켓) (거래지원 개시 시점 추가 변경 안내) | STAR | KRW
postponed u 별빛(STAR) 신규 거래지원 안내 (KRW 마켓) (거래지원 개시 시점 연기 안내) | STAR | KRW
postponed u 별빛(STAR) 신규 거래지원 안내 (KRW 마켓) (거래지원 개시 일시 정정) | STAR | KRW
postponed u 별빛(STAR) 신규 거래지원 안내 (KRW 마켓) (거래지원 개시 보류 안내) | STAR | KRW
postponed u 별빛(STAR) 거래지원 개시 시점 변경 안내 | STAR |
postponed u Market Support for Starlight(STAR) (KRW Market) (Trading Start Time Change) | STAR | KRW
postponed b 별빛(STAR) 원화 마켓 추가 (거래 오픈 연기) | STAR | KRW
postponed b 별빛(STAR) 원화 마켓 추가 (업데이트 - 거래 시작 시간 변경) | STAR | KRW
postponed b 별빛(STAR) 거래 오픈 연기 안내 | STAR |
postponed b 별빛(STAR) 상장 연기 안내 | STAR |
listing u 별빛(STAR) 신규 거래지원 안내 (KRW 마켓) (거래지원 개시 시점 안내) | STAR | KRW
listing u 별빛(STAR) 신규 거래지원 안내 (KRW 마켓) (입출금 개시 시점 변경 안내) | STAR | KRW
listing u 별빛(STAR) 신규 거래지원 안내 (KRW 마켓) (매도 최저가 기준 가격 변경 안내) | STAR | KRW
listing u 별빛(STAR) 신규 거래지원 안내 (KRW 마켓) (명칭 변경 안내) | STAR | KRW
postponed u 별빛(STAR) 신규 거래지원 안내 (KRW 마켓) (거래지원 개시 및 입출금 시점 변경 안내) | STAR | KRW
cancelled u 별빛(STAR) 신규 거래지원 안내 (KRW 마켓) (거래지원 취소 안내) | STAR | KRW
cancelled u 별빛(STAR) 신규 거래지원 취소 안내 | STAR |
cancelled b 별빛(STAR) 원화 마켓 추가 취소 안내 | STAR | KRW
delisting u 별빛(STAR) 거래지원 종료 안내 (9/14 15:00) | STAR |
delisting u 별빛(STAR) 거래지원 종료 안내(9/14 15:00) (출금 재개 안내) | STAR |
delisting u STAR, HALO, 1ST 거래지원 종료 안내 | STAR HALO 1ST |
delisting u STAR/BTC, HALO/ETH 거래지원 종료 안내 | STAR HALO | BTC ETH
delisting u STAR(별빛), HALO(달무리) ETH 마켓 거래 지원 종료 안내 | STAR HALO | ETH
delisting u STAR 비트렉스 마켓 거래 지원 종료 안내 | STAR |
delisting u 디지털 자산 거래 지원 종료 안내 (5종) - STAR, HALO 유의 종목 해제 | STAR HALO |
delisting u 별빛(STAR) KRW 마켓 거래지원 종료(10/10 18:00) 및 BTC 마켓 유의 종목 지정 해제 안내 | STAR | KRW
delisting u 원화마켓 페어 제거 및 유의 종목 지정 안내 | | KRW
delisting u STAR 디지털 자산 거래지원 종료 사유 및 거래지원 종료 일시 정정 | STAR |
delisting b 별빛(STAR) 거래유의종목 지정 및 거래지원 종료 | STAR |
delisting b 별빛(STAR) 거래지원 종료 (출금 지원 종료 일시 변경) | STAR |
delisting b 별빛(STAR) 거래지원종료 및 출금 지원 종료 안내 | STAR |
delisting b 별빛(STAR) 상장 폐지 안내 | STAR |
delisting u Termination of Market Support for Starlight(STAR) | STAR |
caution u 별빛(STAR) 거래 유의 종목 지정 안내 | STAR |
caution u 별빛(STAR) 유의 종목 지정 기간 연장 안내 | STAR |
caution u 별빛(STAR), 달무리(HALO) 유의 촉구 안내 | STAR HALO |
caution u SC 유의 종목 지정 안내 | SC |
caution u STAR 유의 종목 일시 지정 안내 (입출금 오픈 11/19 16:00~) | STAR |
caution u STAR 및 ERC 계열 디지털 자산 투자 유의 촉구 안내 | |
caution u 암호화폐 유의 종목 지정 안내 (18종) | |
caution b 별빛(STAR) 거래유의종목 지정 연장 | STAR |
caution b 별빛(STAR) 투자유의종목 지정 안내 | STAR |
caution b 별빛(STAR) 스테이블 가상자산 관련 거래 유의 안내 | STAR |
caution b 거래유의종목 및 거래지원 종료 일정 안내 | |
caution u Designation of Starlight(STAR) as a Trading Alert Item | STAR |
caution_lifted u 별빛(STAR) 거래 유의 종목 지정 해제 안내 | STAR |
caution_lifted u STAR 유의 종목 일시 지정 해제 (완료) | STAR |
caution_lifted b 별빛(STAR) 투자유의종목 해제 | STAR |
caution_lifted u 별빛(STAR) 유의 종목 지정 해제 및 입출금 재개 안내 | STAR |
deposit_withdrawal u 별빛(STAR) 입출금 일시 중단 안내 (08/25 23:00 ~) | STAR |
deposit_withdrawal u 네트워크 이슈에 따른 별빛(STAR) 입출금 일시 중단 안내 (완료) | STAR |
deposit_withdrawal u NEO N3, Ontology 네트워크 계열 디지털 자산 입출금 일시 중단 안내 | |
deposit_withdrawal u 별빛(STAR) 입출금 가능 네트워크 추가 안내 (Arc 네트워크) | STAR |
deposit_withdrawal u 별빛(STAR) 네트워크 전환 완료에 따른 입출금 재개 안내 | STAR |
deposit_withdrawal u 거래지원 종료 디지털 자산 출금 지원 종료 안내 | |
deposit_withdrawal b 원화(KRW) 입출금 지연 안내 (정상화) | |
deposit_withdrawal b 별빛(STAR) 입출금 일시 중단 안내 (09/04 재개 및 컨트랙트 변경 안내) | STAR |
deposit_withdrawal b 별빛(STAR) 원화 마켓 추가에 따른 입금 오픈 안내 | STAR |
deposit_withdrawal b 별빛(STAR) 원화 마켓 추가 입출금 안내 | STAR |
deposit_withdrawal b 별빛(STAR) 상장 예정에 따른 지갑 오픈 안내 | STAR |
deposit_withdrawal b 거래지원 종료 가상자산 출금방법 안내 | |
deposit_withdrawal b 가상자산 월별실사를 위한 가상자산 입출금 일시 중지 안내 (완료) | |
deposit_withdrawal b 가상자산 출금 한도 정책 변경 안내 | |
deposit_withdrawal b 별빛(STAR) 멀티체인 지원 안내 | STAR |
deposit_withdrawal b 서비스 점검에 따른 입출금 중단 안내 | |
deposit_withdrawal u Temporary Suspension of Deposits and Withdrawals for Starlight(STAR) | STAR |
maintenance b 거래 서비스 점검 안내 (완료) | |
maintenance b [긴급] 거래 및 입출금 서비스 긴급 점검 안내 | |
maintenance b PC/모바일 APP 간헐적 로그인 지연 안내 (정상화) | |
maintenance b 홈페이지, 모바일APP 접속 일시 불가 안내 (정상화) | |
maintenance b SC 제일은행 대외계 시스템 작업 안내 | |
maintenance b KB국민은행 시스템 점검 작업으로 인한 사전등록 서비스 일시 중단 안내 | |
maintenance b BTC 시세 및 체결내역 표시 지연 안내 (정상화) | |
event b 별빛(STAR) 원화 마켓 추가 기념 에어드랍 이벤트 | STAR |
event b [이벤트] 총 3억원 상당, 별빛(STAR) 원화마켓 추가 기념 이벤트 | STAR |
event b 별빛(STAR) 원화 마켓 추가 이벤트 - 총 1억원 상당 | STAR |
event b 별빛(STAR) 원화마켓 오픈 기념, 수수료 무료! | STAR |
event b 별빛(STAR) BTC 마켓 상장 및 에어드랍 이벤트 지급 안내 | STAR |
event b 별빛(STAR), 달무리(HALO) 이벤트 지급 안내 | STAR HALO |
event b 별빛(STAR) 보유 회원 대상 달무리(HALO) 에어드랍 지원 안내 (2차 스냅샷 안내) | STAR HALO |
event b 별빛(STAR) 에어드랍 1회차 지급 및 출금 지원 안내 | STAR |
event u 8월 4주차 GAS, VTHO 지급 안내 | GAS VTHO |
event u 8월 2주차 GAS 에어드랍 지급 안내 | GAS |
event u 별빛(STAR) 원화마켓 오픈 이벤트 : TOP 트레이딩 이벤트 / | STAR |
event u 별빛(STAR) 트레이딩 위크 : 거래 미션 달성하고, TOP 100 탑트레이더에 도전하세요! | STAR |
event u 8월 15일부터 단 3일간! USDT 마켓 전 종목 거래 수수료 0% 혜택을 만나보세요! (이벤트 종료) | |
event u 별빛(STAR) 신규 거래지원 기념 이벤트 | STAR |
event b 제2회 입금왕 PLUS | |
event b 첫 입금하면 모두에게 비트코인을 드려요! | |
event b 창립 12주년 기념 - 아홉번째, VIP 매칭 프로그램 (종료 안내) | |
event u Airdrop Event to Celebrate the Listing of Starlight(STAR) | STAR |
rename b 별빛(STAR) 리브랜딩 및 토큰 스왑 안내 (1/14 거래 재개) | STAR |
rename u 별빛(STAR) 리브랜딩 및 토큰 스왑에 따른 입출금 및 거래 지원 일시 중단 안내 | STAR |
rename b 별빛(STAR) 가상자산 명칭/심볼 변경 안내 | STAR |
rename u 별빛(STAR) 티커 변경 안내 (STAR → HALO) | STAR HALO |
rename b 기존 별빛(STAR) → 달무리(HALO) 토큰 스왑 및 거래 개시 안내 | STAR HALO |
rename u 별빛(STAR) 국문명 변경 안내 | STAR |
rename b 별빛(STAR) 컨트랙트 변경 및 토큰 스왑 지원 안내 | STAR |
other u 별빛(STAR) 신규 거래지원 관련 유의 사항 안내 | STAR |
delisting u Upbit to delist Starlight(STAR) | STAR |
other u 업비트 거래지원 사칭 및 투자 권유 사기에 대한 주의 안내 | |
other u 임직원 사칭 및 거래지원 접수 내역을 이용한 가상자산 투자사기 주의 안내 | |
other b 상장 관련 금품 요구 사기 주의 안내 | |
other u 거래지원 심사 절차 안내 | |
other u 거래지원 모범사례 개정 안내 | |
other b 거래지원 개인정보처리방침 개정 안내 | |
other u 별빛(STAR) 거래지원 종료 결정 철회 안내 | STAR |
other u 별빛(STAR) 거래지원 유지 안내 | STAR |
other u 유통량 계획표 변경 안내 : 별빛(STAR) | STAR |
other u 업비트 코인빌리기 신규 대여 자산 추가 안내 (STAR 외 5종) | STAR |
other u 업비트 개선 사항 : 주의 종목 경보 세분화 (주의/경고/위험) | |
other b 별빛(STAR) 거래 재개 안내 | STAR |
other b 별빛(STAR) 거래수수료 오류 환급 안내 | STAR |
other b 스테이킹 서비스 별빛(STAR) 추가 안내 | STAR |
other b 자동주문 지원 종목 추가 안내 (STAR) | STAR |
other b 개인지갑본인확인 서비스 대상 추가 안내 | |
other b 트래블룰 솔루션 CODE 연동 VASP 추가 안내 | |
other b 스마트차트 보조지표 추가 안내 | |
other b 심 스와핑(SIM Swapping) 주의 안내 | |
other b 고객확인(KYC) 제도 안내 | |
other b 정보보호최고책임자(CISO) 변경 안내 | |
other u 최고기술책임자(CTO) 사칭 주의 안내 | |
other b 상장지수펀드(ETF) 관련 유의사항 안내 | |
other b 비상장 주식 사칭 주의 안내 | |
other b 창립 11주년 캠페인 감사 인사 및 일정 안내 | |
other b 기업공개(IPO)를 준비하며 더 안전해집니다 | |
other b 고객 자산 보호 및 보안 강화 캠페인 | |
other u USDT 마켓 개설 1주년 안내 | |
other u 신규 거래지원 프로세스 안내 | |
other u 코인 모으기 신규 종목 추가 안내 (STAR) | STAR |
other b 추가 안내 | |
"""


def rows(table: str) -> list[tuple[str, str, str]]:
    """(exchange and title, coins, markets) of each line."""
    found = []
    for line in table.strip().splitlines():
        said, symbols, markets = (cell.strip() for cell in line.rsplit("|", 2))
        found.append((said, symbols, markets))
    return found


def read(exchange: str, title: str) -> ParsedNotice:
    return parse({"u": "upbit", "b": "bithumb"}[exchange], title)


@pytest.mark.parametrize(("said", "symbols", "markets"), rows(LISTINGS))
def test_listing_is_read_with_its_coins_and_markets(said: str, symbols: str, markets: str) -> None:
    parsed = read(said[0], said[2:])
    assert parsed.is_listing, parsed.reason
    assert parsed.kind in (NoticeKind.LISTING, NoticeKind.MARKET_ADDED)
    assert (" ".join(parsed.symbols), " ".join(parsed.markets)) == (symbols, markets)
    assert [item.symbol for item in parsed.items] == symbols.split()
    assert parsed.unread is (symbols == "")


@pytest.mark.parametrize(("said", "symbols", "markets"), rows(OTHERS))
def test_other_kinds_are_told_apart(said: str, symbols: str, markets: str) -> None:
    kind, exchange, title = said.split(" ", 2)
    parsed = read(exchange, title)
    assert parsed.kind.value == kind, parsed.reason
    assert (" ".join(parsed.symbols), " ".join(parsed.markets)) == (symbols, markets)
    assert parsed.is_listing is (kind in ("listing", "postponed"))


def test_there_are_more_wordings_than_kinds() -> None:
    kinds = {said.split(" ", 1)[0] for said, _, _ in rows(OTHERS)}
    assert kinds >= {kind.value for kind in NoticeKind} - {"market_added"}


STATUS = [
    ("", {"STAR": "new", "HALO": "new"}, "listing"),
    ("(HALO 거래지원 개시 시점 변경 안내)", {"STAR": "new", "HALO": "postponed"}, "postponed"),
    ("(STAR, HALO 거래지원 개시 시점 추가 변경 안내)", {"STAR": "postponed", "HALO": "postponed"}, "postponed"),
    ("(거래지원 개시 시점 변경 안내)", {"STAR": "postponed", "HALO": "postponed"}, "postponed"),
    ("(별빛(STAR) 거래지원 취소 안내)", {"STAR": "cancelled", "HALO": "new"}, "listing"),
    ("(달무리 거래지원 취소 안내)", {"STAR": "new", "HALO": "cancelled"}, "listing"),
    (
        "(STAR 거래지원 취소 및 HALO 거래지원 개시 시점 변경 안내)",
        {"STAR": "cancelled", "HALO": "postponed"},
        "postponed",
    ),
    ("(STAR 거래지원 취소 안내) (HALO 거래지원 취소 안내)", {"STAR": "cancelled", "HALO": "cancelled"}, "cancelled"),
    ("(STAR 거래지원 개시 시점 변경 안내) (STAR 거래지원 취소 안내)", {"STAR": "cancelled", "HALO": "new"}, "listing"),
    ("(거래지원 취소 안내)", {"STAR": "cancelled", "HALO": "cancelled"}, "cancelled"),
    ("(예약 주문 취소 안내)", {"STAR": "new", "HALO": "new"}, "listing"),
]


@pytest.mark.parametrize(("remark", "status", "kind"), STATUS)
def test_each_coin_of_an_edited_title_has_its_own_status(remark: str, status: dict[str, str], kind: str) -> None:
    parsed = read("u", f"별빛(STAR), 달무리(HALO) 신규 거래지원 안내 (KRW, BTC 마켓) {remark}")
    assert {item.symbol: item.status.value for item in parsed.items} == status
    assert parsed.kind.value == kind
    assert parsed.is_listing is (kind != "cancelled")


def test_one_market_taken_back_leaves_the_listing_in_the_others() -> None:
    parsed = read("u", "별빛(STAR) 신규 거래지원 안내 (KRW, BTC 마켓) (BTC 마켓 거래지원 취소 안내)")
    assert parsed.is_listing
    assert parsed.items[0].status is ItemStatus.NEW
    assert parsed.items[0].markets == ("KRW",)


def test_markets_may_differ_from_coin_to_coin() -> None:
    def of(title: str) -> dict[str, tuple[str, ...]]:
        return {item.symbol: item.markets for item in read("u", title).items}

    assert of("별빛(STAR)(KRW, USDT 마켓), 달무리(HALO)(KRW 마켓) 디지털 자산 추가") == {
        "STAR": ("KRW", "USDT"),
        "HALO": ("KRW",),
    }
    assert of("별빛(STAR) KRW 마켓, 달무리(HALO) BTC, USDT 마켓 디지털 자산 추가") == {
        "STAR": ("KRW",),
        "HALO": ("BTC", "USDT"),
    }
    assert of("KRW 마켓 디지털 자산 추가 (STAR, WISP), BTC 마켓 디지털 자산 추가 (HALO)") == {
        "STAR": ("KRW",),
        "WISP": ("KRW",),
        "HALO": ("BTC",),
    }


def test_names_come_out_beside_their_tickers() -> None:
    parsed = read("b", "월드 리버티 별빛(STAR) 및 Halo Network(HALO) 원화 마켓 추가")
    assert [(name.symbol, name.korean, name.english) for name in parsed.names] == [
        ("STAR", "월드 리버티 별빛", None),
        ("HALO", None, "Halo Network"),
    ]


def test_letters_that_html_spelt_out_are_read_as_what_they_stand_for() -> None:
    parsed = read("u", "별빛&#40;STAR&#41; 신규 거래지원 안내 &lpar;KRW 마켓&rpar;")
    assert (parsed.kind, parsed.symbols, parsed.markets) == (NoticeKind.LISTING, ("STAR",), ("KRW",))


UNREAD = [
    ("별빛(STAR) 무언가 새로운 소식", ("거래",), True),
    ("별빛(STAR) 무언가 새로운 소식", ("거래지원 / 마켓 추가",), True),
    ("Starlight(STAR) something new", ("Trade",), True),
    ("[거래] 별빛(STAR) 무언가 새로운 소식", (), True),
    ("별빛(STAR) 신규 페어 소개 및 유의사항 안내", ("거래",), True),
    ("별빛(STAR) 신규 거래지원 안내 (KRW 마켓) - 유의사항 포함", ("거래",), True),
    ("별빛(STAR) 거래 유의사항 안내", ("거래",), False),
    ("별빛(STAR) 신규 거래지원 관련 유의사항 안내", ("거래",), False),
    ("별빛(STAR) 무언가 새로운 소식", ("안내",), False),
    ("별빛(STAR) 무언가 새로운 소식", (), False),
    ("별빛(STAR) 지갑 오픈 안내", ("마켓 추가",), True),
    ("별빛(STAR) 입출금 일시 중단 안내", ("거래",), False),
    ("별빛(STAR) 이벤트 지급 안내", ("마켓 추가",), False),
    ("별빛(STAR) 거래지원 종료 안내", ("거래",), False),
    ("별빛(STAR) 거래유의종목 지정", ("거래유의",), False),
    ("BTC 마켓 코인 추가 오픈", ("거래",), True),
    ("별빛(STAR) 원화 마켓 추가", ("마켓 추가",), False),
]


@pytest.mark.parametrize(("title", "categories", "unread"), UNREAD)
def test_what_a_trade_category_holds_is_never_passed_over(
    title: str, categories: tuple[str, ...], unread: bool
) -> None:
    assert parse("upbit", title, None, None, categories).unread is unread


def test_an_unknown_wording_takes_its_kind_from_the_category() -> None:
    assert parse("bithumb", "별빛(STAR) 소식", categories=("입출금",)).kind is NoticeKind.DEPOSIT_WITHDRAWAL
    assert parse("bithumb", "별빛(STAR) 소식", categories=("거래유의",)).kind is NoticeKind.CAUTION
    assert parse("bithumb", "별빛(STAR) 소식", categories=("거래지원종료",)).kind is NoticeKind.DELISTING
