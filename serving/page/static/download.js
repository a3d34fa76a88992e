// Hands a file to the browser.

export function download(name, content) {
  const address = URL.createObjectURL(new Blob([content]));
  const link = Object.assign(document.createElement("a"), { href: address, download: name.replace(/[^\w.-]+/g, "_") });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
