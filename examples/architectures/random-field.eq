# A linear-chain conditional random field, for one sentence of four words
# Lafferty, McCallum and Pereira (2001), Conditional random fields
x[1..4]: 3 x 1 input
Y[1..4]: 2 x 1
W: 2 x 3
T: 2 x 2
a[1] = W @ x[1]
s[1] = Y[1].T @ a[1]
repeat t = 2..4:
    u[t] = W @ x[t]
    a[t] = logsumexp(a[t-1] + T, axis=0).T + u[t]
    s[t] = s[t-1] + Y[t-1].T @ T @ Y[t] + Y[t].T @ u[t]
loss = logsumexp(a[4]) - s[4]
