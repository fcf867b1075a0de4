"""What the pages show, prepared in one language: text, shares for bars, pictures; templates only lay it out."""
