# A selective state space: step, input and output depend on what comes in; one channel
# Gu and Dao (2023), Mamba
u[1..3]: 1 x m input
Y: 1 x m
a: 4 x 1
W_B, W_C: 4 x 1
w, b: 1 x 1
A = -exp(a)
h[0] = zeros(4, m)
repeat t = 1..3:
    s[t] = softplus(w * u[t] + b)
    h[t] = exp(A @ s[t]) * h[t-1] + (W_B @ u[t]) * (s[t] * u[t])
loss = mse(sum((W_C @ u[3]) * h[3], axis=0), Y)
