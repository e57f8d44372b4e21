const kills = new Set<() => void>();

/**
 * Has `kill` called when this process ends however, so that no server of a test stays behind. One listener for all:
 * a test may have dozens.
 *
 * @returns takes it back, once the server has ended by itself
 */
export function endWithUs(kill: () => void): () => void {
  if (kills.size === 0) process.on("exit", killAll);
  kills.add(kill);
  return () => {
    if (kills.delete(kill) && kills.size === 0) process.off("exit", killAll);
  };
}

function killAll(): void {
  for (const kill of kills) kill();
}
