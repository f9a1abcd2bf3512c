// Runs inside VS Code: opens the file, and takes from VS Code's own "Startup Performance" what loading and activating the
// extension took. Written for require(), for that is how VS Code loads tests.
const { writeFileSync } = require('node:fs');
const path = require('node:path');
const vscode = require('vscode');

const ID = 'nginx-502.nginx-502-vscode';
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

exports.run = async () => {
  const file = path.join(vscode.workspace.workspaceFolders[0].uri.fsPath, 'nginx.conf');
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(file));
  for (let i = 0; i < 300 && !vscode.extensions.getExtension(ID).isActive; i++) await pause(50);
  await pause(1000);
  await vscode.commands.executeCommand('perfview.show');
  for (let i = 0; i < 60; i++) {
    await pause(250);
    const text = vscode.window.activeTextEditor?.document.getText() ?? '';
    // | extension | eager | load code | call activate | finish activate | event | by |
    const row = text.split('\n').find((line) => line.includes(ID) && line.split('|').length > 5);
    if (!row) continue;
    const header = text.split('\n').find((line) => /Load Code/.test(line));
    writeFileSync(process.env.NGINX502_ACTIVATION, JSON.stringify({ header, row }));
    return;
  }
  throw new Error('VS Code did not list the extension');
};
