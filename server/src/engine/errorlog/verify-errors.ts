/** Why OpenSSL does not trust a certificate: the number in `certificate verify error: (20:unable to get ...)`. */
export interface VerifyError {
  /** What is wrong with the certificate, as the end of "nginx rejected it: ...". */
  readonly says: string;
  /** Where the cure is: what nginx trusts, what the backend shows, or its name. */
  readonly about: 'trust' | 'chain' | 'time' | 'revocation' | 'purpose' | 'name' | 'strength' | 'other';
}

const ERRORS: readonly (readonly [code: number, about: VerifyError['about'], says: string])[] = [
  [2, 'trust', 'the issuer of one of its issuers is not in the trusted file'],
  [3, 'revocation', 'nginx has no revocation list of its issuer'],
  [4, 'other', 'its signature cannot be decrypted'],
  [5, 'revocation', 'the signature of the revocation list cannot be decrypted'],
  [6, 'other', 'the public key of its issuer cannot be read'],
  [7, 'other', 'its signature is wrong'],
  [8, 'revocation', 'the signature of the revocation list is wrong'],
  [9, 'time', 'it is not valid yet'],
  [10, 'time', 'it has expired'],
  [11, 'revocation', 'the revocation list is not valid yet'],
  [12, 'revocation', 'the revocation list has expired'],
  [13, 'time', 'the date from which it is valid cannot be read'],
  [14, 'time', 'the date until which it is valid cannot be read'],
  [18, 'trust', 'it signed itself and is not in the trusted file'],
  [19, 'trust', 'its chain ends in a self-signed certificate that is not in the trusted file'],
  [20, 'trust', 'its issuer is not in the trusted file'],
  [21, 'chain', 'the chain cannot be built from what the backend sent and the trusted file'],
  [22, 'chain', 'its chain is longer than the depth that is allowed'],
  [23, 'revocation', 'it was revoked'],
  // OpenSSL 1.1.1 has "invalid CA certificate" there, 3.x at 79.
  [24, 'purpose', 'one of its issuers may not issue certificates'],
  [25, 'chain', 'its chain is longer than one of its issuers allows'],
  [26, 'purpose', 'it may not be used by a server'],
  [27, 'trust', 'its root is not trusted for this purpose'],
  [28, 'trust', 'its root is marked as one to reject'],
  [29, 'chain', 'its issuer has another name than it says'],
  [30, 'chain', 'its issuer has another key than it says'],
  [31, 'chain', 'its issuer has another serial number than it says'],
  [32, 'purpose', 'its issuer may not sign certificates'],
  [33, 'revocation', 'the issuer of the revocation list is not known'],
  [34, 'other', 'it has a critical extension that OpenSSL does not know'],
  [37, 'purpose', 'a certificate that is no CA issued another one'],
  [40, 'other', 'proxy certificates are not allowed'],
  [41, 'other', 'one of its extensions is broken'],
  [47, 'name', 'one of its issuers does not allow its name'],
  [48, 'name', 'one of its issuers excludes its name'],
  [50, 'other', 'the check was refused by the application'],
  [62, 'name', 'it is not made out for the name that was checked'],
  [64, 'name', 'it is not made out for the address that was checked'],
  [66, 'strength', 'its key is too short'],
  [67, 'strength', 'the key of its issuer is too short'],
  [68, 'strength', 'it is signed with a digest that is too weak'],
  [76, 'strength', 'it is signed with an algorithm that is not supported'],
  [79, 'purpose', 'one of its issuers may not issue certificates'],
  [85, 'chain', 'it does not say which key signed it'],
  [92, 'purpose', 'one of its issuers does not say what it may be used for'],
];

/** Verify errors by number; 1.1.1 and 3.x agree where both have them, the words differ. */
export const VERIFY_ERRORS: ReadonlyMap<number, VerifyError> = new Map(
  ERRORS.map(([code, about, says]) => [code, { says, about }]),
);
