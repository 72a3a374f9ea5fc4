# Flow matching along straight lines
# Lipman, Chen, Ben-Hamu, Nickel and Le (2023), Flow matching for generative modeling
X, N: 3 x m input
t: 1 x m input
W: 6 x 3
w, b: 6 x 1
V: 3 x 6
Z = t * X + (1 - t) * N
F = V @ tanh(W @ Z + w @ t + b)
loss = mean(sum((F - (X - N))**2, axis=0))
