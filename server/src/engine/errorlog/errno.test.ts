import { describe, expect, it } from 'vitest';

import { errnoMeaning } from './errno.ts';

describe('errnoMeaning', () => {
  it.each([
    [111, 'Connection refused', 'refused'],
    [61, 'Connection refused', 'refused'],
    [10061, 'FormatMessage() error:(15105)', 'refused'],
    [110, 'Operation timed out', 'timed-out'],
    [60, 'Operation timed out', 'timed-out'],
    [10060, '', 'timed-out'],
    [104, 'Unknown error', 'reset'],
    [54, 'Connection reset by peer', 'reset'],
    [113, 'Host is unreachable', 'no-route'],
    [65, 'No route to host', 'no-route'],
    [101, 'Network unreachable', 'net-unreachable'],
    [99, 'Address not available', 'address-unavailable'],
    [49, "Can't assign requested address", 'address-unavailable'],
    [24, 'No file descriptors available', 'too-many-files'],
    [11, 'Resource temporarily unavailable', 'again'],
    [35, 'Resource temporarily unavailable', 'again'],
    [20, 'Not a directory', 'not-directory'],
    [13, 'Permission denied', 'permission'],
    [5, 'Access is denied', 'permission'],
    [5, 'Input/output error', 'io'],
  ] as const)('%i (%s) is %s', (code, text, meaning) => {
    expect(errnoMeaning({ code, text })).toBe(meaning);
  });

  it('asks the words where one number has two meanings', () => {
    expect(errnoMeaning({ code: 61, text: 'No data available' })).toBeNull();
    expect(errnoMeaning({ code: 11, text: 'Resource deadlock avoided' })).toBeNull();
    expect(errnoMeaning({ code: 5, text: 'Operation refused' })).toBeNull();
    expect(errnoMeaning({ code: 3, text: 'Host not found' })).toBeNull();
    expect(errnoMeaning(null)).toBeNull();
  });
});
