"""A pytest plugin that runs the tests in reverse."""


def pytest_collection_modifyitems(items: list[object]) -> None:
    items.reverse()
