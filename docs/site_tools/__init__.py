"""What the site is made with: pages that are written from the package itself, and links into them."""
