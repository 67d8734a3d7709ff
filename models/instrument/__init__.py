"""A trained campaign as an instrument: draw more samples, judge objects, without training again."""
