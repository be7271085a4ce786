"""The items of mosaics: what is known of them, how they are kept and chosen."""
