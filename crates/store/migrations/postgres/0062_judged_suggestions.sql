-- What people did with a draft that was made wrong, as it was when the item was accepted: no later change is part of it.
ALTER TABLE suggestions ADD COLUMN judged TEXT;
