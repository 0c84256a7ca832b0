// Whether the bar of the past is there. What it leads to is `views.past`; the bar itself is loaded when it is opened.
class Travel {
  open = $state(false);
  /** The run of the page is to be played as soon as the bar is there. */
  play = false;

  toggle(): void {
    this.open = !this.open;
  }

  /** Open the bar on a run's page, and play the run again. */
  replay(): void {
    this.play = true;
    this.open = true;
  }
}

export const travel = new Travel();
