"""Text and HTML from untrusted feeds, made safe, readable and searchable. Pure, and in linear time.

In: HTML, text and addresses as a feed has them. Out: HTML that may be shown, plain text, words. A text passes through
these modules, in this order. Most HTML is properly nested and needs no repair: it skips step 2.

1. `html_tokenizer`: HTML as a sequence of tokens, with the names of elements in `html_names`. `author_tokens`:
   tokens as the author meant them, where browsers read them differently. `open_elements`: depth and size of the tree.
2. `html_repair`: what a script would show, or cleaning would lose, is rewritten so that it can be seen: pictures
   (`lazy_pictures`, which leaves out those that only count readers), frames and players (`frames`), formulas
   (`mathml`). `bounded_html`: HTML that takes the cleaner no more than linear time.
3. `sanitizer`: HTML reduced to an allow-list (`sanitizer_rules`), by nh3, which removes scripts with their content.
   `proper_html`: the same for properly nested HTML, tag by tag. `clean_html`: the one pass over
   cleaned HTML, which checks each attribute (`clean_attributes`; ids in `fragment_ids`, addresses in `urls` and
   `tracking`) and takes the text. `settled_html`: whether HTML has to be cleaned again. `html_truncation`: the
   beginning of cleaned HTML.
4. `plaintext`: text from HTML, HTML from text, shortened text. `plugins.draft_cleaning` decides how long the summary
   of an item is.
5. `tokenizer`: text as the words that search and filter rules compare. `filter_rules`: whether a subscriber's keep and
   block rules let an item through. `highlighting`: where the words of a search are in a text.
6. `item_card`: what a page shows of an item beside its text; of a picture in several sizes, the largest.
   `stored_values`: the values that `item_card` finds in a draft or in the database. `picture_sizes`: whether two
   addresses show one picture, and how large each is. `unsized_pictures`: for which pictures a page keeps space.
   `plain_links`: links whose text is their address, which a printed page does not repeat. `players`: which players of
   other sites may be embedded. `text_direction`: text that does not change the direction of the text beside it.

For pictures that the site serves itself, `image_types` finds the format in the first bytes, and `image_dimensions` the
width and height; `refresh.pictures` refuses what is no picture. For owners, `markdown` makes HTML of the pages that
they write, and `colours` checks that text is legible in the colours that they choose. `late_pattern`: regular
expressions that few documents need, compiled when they are first used.

This package never imports Django, a parser of feeds, the network, or any other package of lifestream.
"""
