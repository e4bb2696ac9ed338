"""One writer a page: NAME is its file under docs/reference/, and page() its text, made from the code it is about."""
