"""Settings that every test shares."""

from hypothesis import settings

# The same examples in every run: a failure that was seen can be seen again, and a slow machine is not a failure.
settings.register_profile("course", derandomize=True, deadline=None)
settings.load_profile("course")
