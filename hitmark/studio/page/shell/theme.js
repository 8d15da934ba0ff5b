// Runs before the first paint, so that the page does not flash in the other theme. Not a module for that reason.
(function applyTheme() {
  try {
    const theme = localStorage.getItem("hitmark-studio-theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be forbidden; the system's theme is used then.
  }
})();
