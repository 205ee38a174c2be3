;;; elfeed.el --- elfeed with its defaults, in batch mode  -*- lexical-binding: t -*-

;; emacs --batch -l elfeed.el -f check-poll: updates the feeds that ~/feeds lists, an address a line.
;; emacs --batch -l elfeed.el -f check-list: prints the entries as JSON in lines.

;;; Code:

(require 'package)
(package-initialize)
(require 'elfeed)
(require 'json)

(defun check-poll ()
  "Update all feeds, and wait until the queue is empty."
  (setq elfeed-feeds
        (with-temp-buffer
          (insert-file-contents "~/feeds")
          (split-string (buffer-string) "\n" t)))
  (elfeed-update)
  (while (> (elfeed-queue-count-total) 0)
    (accept-process-output nil 0.05))
  (elfeed-db-save))

(defun check-list ()
  "Print title, link, content and date of each entry."
  (with-elfeed-db-visit (entry _)
    (princ (json-encode
            `((title . ,(elfeed-entry-title entry))
              (link . ,(elfeed-entry-link entry))
              (content . ,(elfeed-deref (elfeed-entry-content entry)))
              (date . ,(format-time-string "%FT%TZ" (elfeed-entry-date entry) t)))))
    (terpri)))

;;; elfeed.el ends here
