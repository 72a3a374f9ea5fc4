"""Operations on their own, as lectures derive them; one file a family, each with the data of its page."""
