"""Text and HTML from untrusted feeds, made safe, readable and searchable. Pure, and in linear time.

In: HTML, text and addresses as a feed has them. Out: HTML that may be shown, plain text, words. A text passes through
these modules, in this order:

1. `html_tokenizer`: HTML as a sequence of tokens. `open_elements`: how deep and how large its tree would be.
2. `html_repair` and `bounded_html`, then `sanitizer`: HTML reduced to an allow-list (`sanitizer_rules`). `clean_html`:
its attributes checked, with absolute addresses of harmless schemes (`clean_attributes`), and its text. `proper_html`:
the same, tag by tag, of HTML that needs no more. `html_truncation`: the beginning of such HTML.
3. `plaintext`: text from HTML, HTML from text, shortened text.
4. `tokenizer`: text as the words that search and filter rules compare.
5. `filter_rules`: a subscriber's keep and block rules.
6. `item_card`: what a page shows of an item. `players`, `image_types`, `image_dimensions`: which players of other
sites, and which pictures. `text_direction`: text that does not change the direction of the text beside it.

This package never imports Django, a parser, the network, or any other package of lifestream.
"""
