# A Kalman filter: the likelihood of what is seen, one step after another
# Kalman (1960), A new approach to linear filtering and prediction problems
y[1..3]: 2 x 1 input
A: 3 x 3
C: 2 x 3
q, r: 1 x 1
x[0] = zeros(3, 1)
P[0] = eye(3)
L[0] = zeros(1, 1)
repeat t = 1..3:
    x_a[t] = A @ x[t-1]
    P_a[t] = A @ P[t-1] @ A.T + exp(q) * eye(3)
    e[t] = y[t] - C @ x_a[t]
    S[t] = C @ P_a[t] @ C.T + exp(r) * eye(2)
    K[t] = P_a[t] @ C.T @ inv(S[t])
    x[t] = x_a[t] + K[t] @ e[t]
    P[t] = P_a[t] - K[t] @ C @ P_a[t]
    L[t] = L[t-1] + (e[t].T @ solve(S[t], e[t]) + logdet(S[t])) / 2
loss = L[3]
