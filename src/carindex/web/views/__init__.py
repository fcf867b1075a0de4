"""What the pages show, prepared in one language: text, shares for bars, finished pictures; templates only lay it out."""
