import pytest

from store.checkpoint_pace import FEWEST_ROWS, MOST_ROWS, MOST_ROWS_BUSY, REMEMBERED, TARGET_S, CheckpointPace


@pytest.mark.parametrize(
    ("rows", "took_s", "due", "due_busy"),
    [
        (2_000, 0.001, MOST_ROWS, 10_000),  # a quick disk may take more when there is more
        (2_000, 0.000_01, MOST_ROWS, MOST_ROWS_BUSY),
        (2_000, 0.010, 1_000, 1_000),
        (2_000, 10.0, FEWEST_ROWS, FEWEST_ROWS),
    ],
)
def test_as_many_rows_are_due_as_the_disk_moves_in_time(rows: int, took_s: float, due: int, due_busy: int) -> None:
    pace = CheckpointPace()
    pace.note(rows, took_s)
    assert (pace.due(0), pace.due(1)) == (due, due_busy)


def test_before_the_first_checkpoint_the_usual_number_is_due() -> None:
    assert (CheckpointPace().due(0), CheckpointPace().due(1)) == (MOST_ROWS, MOST_ROWS)


def test_a_disk_that_stalls_once_changes_nothing_and_one_that_stays_slow_does() -> None:
    pace = CheckpointPace()
    pace.note(1_500, TARGET_S)
    pace.note(1_500, 1.0)
    pace.note(3, 0.5)  # tells of the syncs only
    assert pace.due(0) == 1_500
    for _ in range(REMEMBERED):
        pace.note(1_500, 3 * TARGET_S)
    assert pace.due(0) == FEWEST_ROWS


def test_the_more_rows_wait_the_fewer_checkpoints_there_are_however_slow_the_disk_is() -> None:
    pace = CheckpointPace()
    for _ in range(REMEMBERED):
        pace.note(FEWEST_ROWS, 2.0)
    assert [pace.due(waiting) for waiting in (1, 600, 9_000, 40_000)] == [FEWEST_ROWS, 600, 9_000, MOST_ROWS_BUSY]
