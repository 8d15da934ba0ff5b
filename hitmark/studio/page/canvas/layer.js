/** A drawing of the canvas' size that is kept as long as what it shows stays the same: pasting is cheaper than drawing. */

export class Layer {
  #canvas = document.createElement("canvas");
  #shown = [];

  /**
   * Put the drawing onto a canvas.
   * @param {CanvasRenderingContext2D} pen of that canvas, scaled to CSS pixels
   * @param {unknown[]} parts what the drawing depends on, compared by identity
   * @param {(pen: CanvasRenderingContext2D) => void} draw makes it anew
   */
  paste(pen, parts, draw) {
    const { width, height } = pen.canvas;
    if (!width || !height) return;
    const ratio = pen.getTransform().a;
    const wanted = [width, height, ratio, ...parts];
    if (wanted.length !== this.#shown.length || wanted.some((part, index) => part !== this.#shown[index])) {
      this.#shown = wanted;
      Object.assign(this.#canvas, { width, height }); // which also clears it
      const own = this.#canvas.getContext("2d");
      own.setTransform(ratio, 0, 0, ratio, 0, 0);
      draw(own);
    }
    pen.drawImage(this.#canvas, 0, 0, width / ratio, height / ratio);
  }
}
