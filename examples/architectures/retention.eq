# Retention as a recurrence, for one sequence: the state is a matrix that decays
# Sun et al. (2023), Retentive network
x[1..4]: 4 x 1 input
Y: 3 x 1
W_Q, W_K: 2 x 4
W_V: 3 x 4
S[0] = zeros(3, 2)
repeat n = 1..4:
    S[n] = 0.9 * S[n-1] + W_V @ x[n] @ (W_K @ x[n]).T
o = S[4] @ W_Q @ x[4]
loss = sum((o - Y)**2) / 2
