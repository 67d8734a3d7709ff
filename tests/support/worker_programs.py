"""Programs that tests run in place of `python -m workers`."""

OFTEN = (
    "import sys, models.rounds.training.train; models.rounds.training.train.CHECKPOINT_SECONDS = 0.5;"
    "from workers.__main__ import main; sys.exit(main(sys.argv[1:]))"
)
"""The worker, with such frequent checkpoints that a short training can be interrupted."""
