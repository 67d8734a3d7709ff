"""Building blocks: how molecules are cut into fragments and fragments put together again."""
