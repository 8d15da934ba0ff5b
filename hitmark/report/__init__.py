"""Reports of benchmark runs: tables with intervals, charts, and one page that needs no network."""
