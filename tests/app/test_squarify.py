"""A treemap's boxes are as large as their sizes, fill their room, and lie beside each other."""

from hypothesis import given, strategies

from app.squarify import Box, squarify

sizes = strategies.lists(strategies.floats(0.5, 1e6), min_size=1, max_size=40)


@given(sizes, strategies.floats(10, 2000), strategies.floats(10, 2000))
def test_areas_are_sizes(sizes: list[float], width: float, height: float) -> None:
    ordered = sorted(sizes, reverse=True)
    boxes = squarify(ordered, Box(0, 0, width, height))
    share = width * height / sum(ordered)
    for size, box in zip(ordered, boxes, strict=True):
        assert abs(box.width * box.height - size * share) <= 1e-6 * width * height
        assert box.x >= -1e-6
        assert box.y >= -1e-6
        assert box.x + box.width <= width * (1 + 1e-6)
        assert box.y + box.height <= height * (1 + 1e-6)


@given(sizes)
def test_none_overlaps_another(sizes: list[float]) -> None:
    boxes = squarify(sorted(sizes, reverse=True), Box(0, 0, 300, 200))
    for number, one in enumerate(boxes):
        for other in boxes[number + 1 :]:
            wide = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
            high = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
            assert wide <= 1e-6 * 300 or high <= 1e-6 * 200


def test_nothing_has_no_room() -> None:
    assert squarify([], Box(0, 0, 10, 10)) == []
    assert squarify([0.0], Box(5, 5, 10, 10)) == [Box(5, 5, 0.0, 0.0)]
    assert squarify([1.0], Box(0, 0, 0, 10)) == [Box(0, 0, 0.0, 0.0)]
