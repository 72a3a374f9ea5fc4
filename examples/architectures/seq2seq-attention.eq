# Translation with attention: an encoder, and a decoder that looks back, for one sentence
# Luong, Pham and Manning (2015), Effective approaches to attention-based neural machine translation
x[1..3]: 4 x 1 input
y[0..1]: 5 x 1 input
Y[1..2]: 5 x 1
W: 3 x 4
U, R: 3 x 3
E: 3 x 5
A: 3 x 3
C: 3 x 6
V: 5 x 3
h[0] = zeros(3, 1)
repeat t = 1..3:
    h[t] = tanh(W @ x[t] + U @ h[t-1])
H = hstack(h[1], h[2], h[3])
s[0] = h[3]
L[0] = zeros(1, 1)
repeat t = 1..2:
    s[t] = tanh(E @ y[t-1] + R @ s[t-1])
    a[t] = softmax(H.T @ A @ s[t])
    q[t] = tanh(C @ vstack(H @ a[t], s[t]))
    L[t] = L[t-1] - sum(Y[t] * log_softmax(V @ q[t]))
loss = L[2]
