import pytest

from alerts.pacing import Pacer, Rank, Rates, is_group

CHAT, OTHER, GROUP = "telegram:111", "telegram:112", "telegram:-222"


def send(pacer: Pacer, target: str, count: int, now_s: float = 0.0, rank: Rank = Rank.ALERT) -> list[float]:
    """When each of `count` messages leaves, if all are there at `now_s` and each leaves as soon as it may."""
    times = []
    for _ in range(count):
        while (wait_s := pacer.wait_s(target, now_s, rank)) > 0:
            now_s += wait_s
        pacer.took(target, now_s)
        times.append(now_s)
    return times


def test_a_chat_gets_one_message_a_second() -> None:
    assert send(Pacer(Rates()), CHAT, 4) == pytest.approx([0, 1, 2, 3])


def test_a_first_sight_may_follow_at_once() -> None:
    pacer = Pacer(Rates())
    send(pacer, CHAT, 1)
    assert pacer.wait_s(CHAT, 0.0, rank=Rank.URGENT) == 0
    assert pacer.wait_s(CHAT, 0.0) > 0


def test_three_first_sights_leave_together_and_the_fourth_a_second_later() -> None:
    assert send(Pacer(Rates()), CHAT, 4, rank=Rank.URGENT) == pytest.approx([0, 0, 0, 1])


def test_no_minute_of_a_group_holds_more_than_twenty() -> None:
    times = send(Pacer(Rates()), GROUP, 60, rank=Rank.URGENT)
    assert max(sum(1 for each in times if start <= each < start + 60) for start in times) == 20


def test_ordinary_messages_leave_room_in_a_group_for_first_sights() -> None:
    pacer = Pacer(Rates())
    times = send(pacer, GROUP, 18)
    assert times[16] < 60 <= times[17]
    assert pacer.wait_s(GROUP, 59.0, rank=Rank.URGENT) == 0


def test_no_second_over_all_chats_holds_more_than_thirty() -> None:
    pacer = Pacer(Rates())
    left = [chat for chat in range(40) if send_if_open(pacer, f"telegram:{chat}", 0.5, rank=Rank.URGENT)]
    assert len(left) == 30
    assert pacer.room(0.5) == 0
    assert pacer.room(1.5) == 30


def test_ordinary_messages_over_all_leave_three_places_for_first_sights() -> None:
    pacer = Pacer(Rates())
    assert sum(send_if_open(pacer, f"telegram:{chat}", 0.5) for chat in range(40)) == 27
    assert send_if_open(pacer, "telegram:99", 0.5, rank=Rank.URGENT)


def send_if_open(pacer: Pacer, target: str, now_s: float, rank: Rank = Rank.ALERT) -> bool:
    if pacer.wait_s(target, now_s, rank) > 0:
        return False
    pacer.took(target, now_s)
    return True


def test_a_pause_that_the_service_asked_for_holds_that_chat_only_and_first_sights_too() -> None:
    pacer = Pacer(Rates())
    pacer.pause(CHAT, 30.0)
    assert pacer.wait_s(CHAT, 10.0, rank=Rank.URGENT) == 20
    assert pacer.wait_s(OTHER, 10.0) == 0


def test_a_shorter_pause_does_not_shorten_a_longer_one() -> None:
    pacer = Pacer(Rates())
    pacer.pause(CHAT, 30.0)
    pacer.pause(CHAT, 5.0)
    assert pacer.wait_s(CHAT, 10.0) == 20


def test_the_log_is_not_paced_and_the_webhook_only_pauses_when_asked() -> None:
    pacer = Pacer(Rates())
    for _ in range(100):
        pacer.took("log", 0.0)
    assert pacer.wait_s("log", 0.0) == 0
    pacer.pause("webhook", 3.0)
    assert pacer.wait_s("webhook", 1.0) == 2


@pytest.mark.parametrize(
    ("target", "group"),
    [("telegram:5", False), ("telegram:-5", True), ("telegram:-100123", True), ("telegram:@news", True)],
)
def test_negative_ids_and_names_are_groups(target: str, group: bool) -> None:
    assert is_group(target) is group


def test_an_answer_to_a_command_delays_no_alert_of_a_chat() -> None:
    quiet, answered = Pacer(Rates()), Pacer(Rates())
    answered.took(CHAT, 0.0, Rank.ANSWER)
    assert send(answered, CHAT, 4) == pytest.approx(send(quiet, CHAT, 4))
    assert answered.wait_s(CHAT, 3.0, Rank.URGENT) == 0


def test_answers_wait_for_the_full_pace_and_leave_a_group_to_its_alerts() -> None:
    pacer = Pacer(Rates())
    assert [send_if_open(pacer, CHAT, 0.0, Rank.ANSWER) for _ in range(2)] == [True, False]
    for second in range(10):
        if pacer.wait_s(GROUP, float(second), Rank.ANSWER) <= 0:
            pacer.took(GROUP, float(second), Rank.ANSWER)
    assert send(pacer, GROUP, 13, 10.0)[-1] < 60
