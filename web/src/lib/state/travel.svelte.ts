// Whether the bar of the past is there. What it leads to is `views.past`; the bar itself is loaded when it is opened.
class Travel {
  open = $state(false);

  toggle(): void {
    this.open = !this.open;
  }
}

export const travel = new Travel();
